/**
 * Tables of passwords: text in the format of Postfix's sasl_passwd, or one JSON object.
 *
 *     # host or next-hop       credentials
 *     [mail.example.com]:24    joe:secret
 *
 *     { "mail.example.com": { "user": "joe", "token": "..." } }
 *
 * Errors have the table and the line or entry, never the content. Even a key is shown only if it can be nothing but a host, because
 * columns may be swapped.
 */

import { logicalLines } from '../maps/logical-lines.ts';
import { splitEntry } from '../maps/text-table.ts';
import type { Credentials } from '../sasl/credentials.ts';
import { credentialsWanted, isPlainlyHost, parseObject, readCredentials } from './credentials.ts';
import { SecretFault } from './secrets.ts';

/** Credentials by host or next-hop, in lower case. */
export type PasswordEntries = ReadonlyMap<string, Credentials>;

/**
 * Parses a table: JSON if the first visible character is `{`, else text.
 *
 * @param name its name in errors
 * @param delimiter lmtp_sasl_password_result_delimiter
 * @throws SecretFault with the table and the line or entry, also for a table without entries
 */
export function readPasswordTable(text: string, name: string, delimiter: string): PasswordEntries {
  return text.trim().startsWith('{') ? readObject(text, name, delimiter) : readText(text, name, delimiter);
}

/**
 * Returns entries as a table.
 *
 * @param name the name of the table in errors
 * @throws SecretFault if there are no entries, or a key occurs twice
 */
export function collectEntries(
  entries: readonly { readonly key: string; readonly where: string; readonly credentials: Credentials }[],
  name: string,
): PasswordEntries {
  const table = new Map<string, Credentials>();
  for (const { key, where, credentials } of entries) {
    const folded = key.toLowerCase();
    if (table.has(folded)) throw new SecretFault(`${where}: its key already has an entry`);
    table.set(folded, credentials);
  }
  if (table.size === 0) throw new SecretFault(`${name}: it has no entries`);
  return table;
}

function readText(text: string, name: string, delimiter: string): PasswordEntries {
  const entries = logicalLines(text).map(({ number, text: line }) => {
    const where = `${name}, line ${number}`;
    const { key, value } = splitEntry(line);
    if (key === undefined || value === '') {
      throw new SecretFault(`${where}: write a host or next-hop, blanks and ${credentialsWanted}`);
    }
    return { key, where, credentials: readCredentials(value, where, delimiter) };
  });
  return collectEntries(entries, name);
}

function readObject(text: string, name: string, delimiter: string): PasswordEntries {
  const object = parseObject(text, name);
  const wanted = `{"host or next-hop": ${credentialsWanted}}`;
  // The format of Secrets Manager's own templates, which has no server.
  if (['user', 'username'].some((field) => field in object) && ['password', 'token'].some((field) => field in object)) {
    throw new SecretFault(`${name}: it contains a user and a password, but no host; write ${wanted}`);
  }
  const entries = Object.entries(object).map(([key, value], index) => {
    const where = `${name}, ${isPlainlyHost(key) ? `entry "${key}"` : `entry ${index + 1}`}`;
    if (key === '') throw new SecretFault(`${where}: its key is empty; write ${wanted}`);
    return { key, where, credentials: readCredentials(value, where, delimiter) };
  });
  return collectEntries(entries, name);
}
