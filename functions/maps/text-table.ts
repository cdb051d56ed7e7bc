/**
 * `texthash:`: a table in a text file, one `key value` a line (Postfix dict_thash(3), postmap(1)).
 *
 *     # comment
 *     example.com        joe:secret
 *     "a b"@example.com  a value that
 *         continues on the next line
 */

import { logicalLines } from './logical-lines.ts';
import { type LookupTable, MapError } from './lookup-table.ts';

/**
 * Parses a table.
 *
 * @param name its name in errors
 * @param fold keys are looked up in lower case
 * @throws MapError with the line, for a line that is not a key, blanks and a value, and for a key that occurs twice
 */
export function readTextTable(text: string, name: string, fold: boolean): LookupTable {
  const entries = new Map<string, { readonly value: string; readonly line: number }>();
  for (const { number: line, text: entry } of logicalLines(text)) {
    const { key, value } = splitEntry(entry);
    if (key === undefined || value === '') {
      throw new MapError(`${name}, line ${line}: write a key, blanks and a value`);
    }
    const folded = fold ? key.toLowerCase() : key;
    const earlier = entries.get(folded);
    if (earlier !== undefined) {
      throw new MapError(`${name}, line ${line}: the key "${key}" is already in line ${earlier.line}`);
    }
    entries.set(folded, { value, line });
  }
  return { fixed: true, find: (key) => entries.get(fold ? key.toLowerCase() : key)?.value };
}

/** Splits an entry. The key ends at the first blank outside quotes, and keeps its quotes. `key` is undefined if quotes are open. */
export function splitEntry(entry: string): { readonly key: string | undefined; readonly value: string } {
  const key = /^(?:[^\s"\\]|\\.|"(?:[^"\\]|\\.)*")+(?=\s|$)/s.exec(entry)?.[0];
  return { key, value: entry.slice(key?.length ?? 0).trim() };
}
