/**
 * What stands behind a key of a password map: `user:password` as in Postfix's sasl_passwd, or an object of JSON, which can also
 * say that it holds a token.
 */

import type { Credentials } from '../sasl/mechanism.ts';
import { SecretFault } from './secrets.ts';

/** How such a value is written, for errors. */
export const credentialsWanted = 'user:password, {"user": "...", "password": "..."} or {"user": "...", "token": "..."}';

/**
 * Reads a value. A text is split at the first delimiter; without one the password is empty.
 *
 * @param where the map, with line or entry, for errors
 * @param delimiter lmtp_sasl_password_result_delimiter
 * @throws SecretFault with `where` and what is wrong, without any of the content
 */
export function readCredentials(value: unknown, where: string, delimiter: string): Credentials {
  if (typeof value === 'string') {
    return value.startsWith('{') ? fromObject(parseObject(value, where), where) : fromText(value, where, delimiter);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return fromObject(value, where);
  throw new SecretFault(`${where}: the value is neither text nor an object; ${credentialsWanted} is wanted`);
}

/**
 * Reads an object of JSON.
 *
 * @param where the map, with line or entry, for errors
 * @throws SecretFault with `where`, and the place where the text ceases to be JSON if that is known; the text is not shown
 */
export function parseObject(text: string, where: string): object {
  const wanted = 'what begins with { must be an object of JSON';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The engine's own words quote what they stumble upon. Only the numbers at their end may be shown.
    const place = /\(line \d+ column \d+\)$/.exec(error instanceof Error ? error.message : '')?.[0];
    throw new SecretFault(`${where}: ${wanted}${place === undefined ? '' : ` ${place}`}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new SecretFault(`${where}: ${wanted}`);
}

function fromText(text: string, where: string, delimiter: string): Credentials {
  const at = text.indexOf(delimiter);
  const [user, secret] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + delimiter.length)];
  return checked({ user, secret, kind: 'password' }, where);
}

function fromObject(object: object, where: string): Credentials {
  const { user, password, token, ...others } = object as Readonly<Record<string, unknown>>;
  const wanted = `${credentialsWanted} is wanted`;
  if (Object.keys(others).length > 0) {
    throw new SecretFault(`${where}: the object has a field that is none of user, password, token; ${wanted}`);
  }
  if (typeof user !== 'string') throw new SecretFault(`${where}: "user" is missing or no text; ${wanted}`);
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
  throw new SecretFault(`${where}: "${field}" is no text; ${credentialsWanted} is wanted`);
}

function checked(credentials: Credentials, where: string): Credentials {
  const { user, secret } = credentials;
  // No mechanism can carry them, and the last one is nearly always a line end that came along when the value was pasted.
  if (/[\0\r\n]/.test(user + secret)) {
    throw new SecretFault(`${where}: the user or the ${credentials.kind} has a line end or a NUL in it`);
  }
  // EXTERNAL may leave the user to the certificate; a password belongs to somebody.
  if (user === '' && secret !== '')
    throw new SecretFault(`${where}: the user is empty; ${credentialsWanted} is wanted`);
  return credentials;
}
