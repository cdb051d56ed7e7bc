/**
 * The value of a key in a password map: `user:password` as in Postfix's sasl_passwd, or a JSON object, which may contain a token
 * instead.
 */

import { jsonStructure, type RepeatedName } from '../json/structure.ts';
import type { Credentials } from '../sasl/credentials.ts';
import { SecretFault } from './secrets.ts';

/** The syntax of a value, for errors. */
export const credentialsWanted = 'user:password, {"user": "...", "password": "..."} or {"user": "...", "token": "..."}';

/**
 * Parses a value. A text is split at the first delimiter; without one the password is empty.
 *
 * @param where the map, with line or entry, for errors
 * @param delimiter lmtp_sasl_password_result_delimiter
 * @throws SecretFault with `where` and the fault, without any content
 */
export function readCredentials(value: unknown, where: string, delimiter: string): Credentials {
  if (typeof value === 'string') {
    return value.startsWith('{') ? fromObject(parseObject(value, where), where) : fromText(value, where, delimiter);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return fromObject(value, where);
  throw new SecretFault(`${where}: the value is neither text nor an object; write ${credentialsWanted}`);
}

/**
 * Parses a JSON object.
 *
 * @param where the map, with line or entry, for errors
 * @throws SecretFault with `where`, and the position where the JSON is wrong if known, also where a name occurs twice, without any content
 */
export function parseObject(text: string, where: string): object {
  const wanted = 'a value that begins with { must be a JSON object';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The engine's message quotes the content. Only the numbers at its end may be shown.
    const place = /\(line \d+ column \d+\)$/.exec(error instanceof Error ? error.message : '')?.[0];
    throw new SecretFault(`${where}: ${wanted}${place === undefined ? '' : ` ${place}`}`);
  }
  const { repeated } = jsonStructure(text);
  if (repeated !== undefined) throw new SecretFault(`${where}: ${repetition(repeated)}`);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new SecretFault(`${where}: ${wanted}`);
}

/** Names the repeated name only if it can be no secret. */
function repetition({ name, line, column }: RepeatedName): string {
  const shown = ['user', 'password', 'token'].includes(name) || isPlainlyHost(name) ? `"${name}"` : 'a name';
  return `${shown} is given twice (line ${line} column ${column})`;
}

/** Whether a key is a domain name or an address, which no password resembles. */
export function isPlainlyHost(key: string): boolean {
  return (
    /^(?:\[[\w.:-]+\]|(?:[a-z0-9-]+\.)+[a-z]{2,}|\d+(?:\.\d+){3}|localhost)(?::\d+)?$/i.test(key) && key.length < 80
  );
}

function fromText(text: string, where: string, delimiter: string): Credentials {
  const at = text.indexOf(delimiter);
  const [user, secret] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + delimiter.length)];
  return checked({ user, secret, kind: 'password' }, where);
}

function fromObject(object: object, where: string): Credentials {
  const { user, password, token, ...others } = object as Readonly<Record<string, unknown>>;
  const wanted = `write ${credentialsWanted}`;
  if (Object.keys(others).length > 0) {
    throw new SecretFault(`${where}: the object has a field other than user, password and token; ${wanted}`);
  }
  if (typeof user !== 'string') throw new SecretFault(`${where}: "user" is missing or not text; ${wanted}`);
  if (password !== undefined && token !== undefined) {
    throw new SecretFault(`${where}: the object has both a password and a token; ${wanted}`);
  }
  if (token === undefined)
    return checked({ user, secret: text(password ?? '', 'password', where), kind: 'password' }, where);
  const credentials = checked({ user, secret: text(token, 'token', where), kind: 'token' }, where);
  if (credentials.secret === '') throw new SecretFault(`${where}: "token" is empty; ${wanted}`);
  return credentials;
}

function text(value: unknown, field: string, where: string): string {
  if (typeof value === 'string') return value;
  throw new SecretFault(`${where}: "${field}" is not text; write ${credentialsWanted}`);
}

function checked(credentials: Credentials, where: string): Credentials {
  const { user, secret } = credentials;
  // No mechanism can send them. Most often, a line end was pasted with the value.
  if (/[\0\r\n]/.test(user + secret)) {
    throw new SecretFault(`${where}: the user or the ${credentials.kind} contains a line end or a NUL`);
  }
  // EXTERNAL may take the user from the certificate; a password needs a user.
  if (user === '' && secret !== '') throw new SecretFault(`${where}: the user is empty; write ${credentialsWanted}`);
  return credentials;
}
