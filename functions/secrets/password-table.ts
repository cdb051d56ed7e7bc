/**
 * Tables of passwords: as text in the manner of Postfix's sasl_passwd, or as one object of JSON.
 *
 *     # host or next-hop       credentials
 *     [mail.example.com]:24    joe:secret
 *
 *     { "mail.example.com": { "user": "joe", "token": "..." } }
 *
 * Errors name the table and the line or entry, and never what stands there. Even a key is only shown where it cannot be
 * anything but a host, for columns get mixed up.
 */

import { logicalLines } from '../maps/logical-lines.ts';
import { splitEntry } from '../maps/text-table.ts';
import type { Credentials } from '../sasl/mechanism.ts';
import { credentialsWanted, parseObject, readCredentials } from './credentials.ts';
import { SecretFault } from './secrets.ts';

/** Credentials by host or next-hop, in lower case. */
export type PasswordEntries = ReadonlyMap<string, Credentials>;

/**
 * Reads a table: JSON where the first visible character is `{`, text otherwise.
 *
 * @param name how errors call it
 * @param delimiter lmtp_sasl_password_result_delimiter
 * @throws SecretFault naming the table and the line or entry; a table without entries is one too
 */
export function readPasswordTable(text: string, name: string, delimiter: string): PasswordEntries {
  return text.trim().startsWith('{') ? readObject(text, name, delimiter) : readText(text, name, delimiter);
}

/**
 * Puts entries together.
 *
 * @param name how errors call the table
 * @throws SecretFault where there is none, or a key comes twice
 */
export function collectEntries(
  entries: readonly { readonly key: string; readonly where: string; readonly credentials: Credentials }[],
  name: string,
): PasswordEntries {
  const table = new Map<string, Credentials>();
  for (const { key, where, credentials } of entries) {
    const folded = key.toLowerCase();
    if (table.has(folded)) throw new SecretFault(`${where}: its key has an entry already`);
    table.set(folded, credentials);
  }
  if (table.size === 0) throw new SecretFault(`${name}: there is no entry in it`);
  return table;
}

function readText(text: string, name: string, delimiter: string): PasswordEntries {
  const entries = logicalLines(text).map(({ number, text: line }) => {
    const where = `${name}, line ${number}`;
    const { key, value } = splitEntry(line);
    if (key === undefined || value === '') {
      throw new SecretFault(`${where}: a host or next-hop, blanks and ${credentialsWanted} are wanted`);
    }
    return { key, where, credentials: readCredentials(value, where, delimiter) };
  });
  return collectEntries(entries, name);
}

function readObject(text: string, name: string, delimiter: string): PasswordEntries {
  const object = parseObject(text, name);
  const wanted = `{"host or next-hop": ${credentialsWanted}}`;
  // The form in which Secrets Manager's own templates store a password. It does not say which server it is for.
  if (['user', 'username'].some((field) => field in object) && ['password', 'token'].some((field) => field in object)) {
    throw new SecretFault(`${name}: it holds a user and a password, but for no host; ${wanted} is wanted`);
  }
  const entries = Object.entries(object).map(([key, value], index) => {
    const where = `${name}, ${isPlainlyHost(key) ? `entry "${key}"` : `entry ${index + 1}`}`;
    if (key === '') throw new SecretFault(`${where}: its key is empty; ${wanted} is wanted`);
    return { key, where, credentials: readCredentials(value, where, delimiter) };
  });
  return collectEntries(entries, name);
}

/** A name with a known kind of end, or an address: no password looks like it. */
function isPlainlyHost(key: string): boolean {
  return (
    /^(?:\[[\w.:-]+\]|(?:[a-z0-9-]+\.)+[a-z]{2,}|\d+(?:\.\d+){3}|localhost)(?::\d+)?$/i.test(key) && key.length < 80
  );
}
