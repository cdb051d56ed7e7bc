/**
 * `inline:{ key=value, { key = value with blanks } }`: a table in the parameter (Postfix dict_inline(3)).
 */

import { insideBraces, splitOutsideBraces } from './braces.ts';
import { type LookupTable, MapError } from './lookup-table.ts';

const wanted = 'write inline:{ key=value, { key = value with blanks } }';

/** One entry, as written. */
export interface InlineEntry {
  readonly key: string;
  readonly value: string;
  /** Its name in errors. */
  readonly where: string;
}

/**
 * Parses a table; of two values for one key the last counts.
 *
 * @param text the text after `inline:`
 * @param fold keys are looked up in lower case
 * @throws MapError with the entry and what is allowed
 */
export function readInlineTable(text: string, fold: boolean): LookupTable {
  const entries = readInlineEntries(text);
  for (const { key, value, where } of entries) {
    if (value === '') throw new MapError(`${where}: the key "${key}" has no value; ${wanted}`);
  }
  const table = new Map(entries.map(({ key, value }) => [fold ? key.toLowerCase() : key, value]));
  return { fixed: true, find: (key) => table.get(fold ? key.toLowerCase() : key) };
}

/**
 * Parses the entries of a table, in order; a value may be empty.
 *
 * @param text the text after `inline:`
 * @throws MapError with the number of the entry and what is allowed, but none of its content
 */
export function readInlineEntries(text: string): readonly InlineEntry[] {
  const content = insideBraces(text);
  if (content === undefined) throw new MapError(`inline map: its braces do not match; ${wanted}`);
  const entries = splitOutsideBraces(content).map((entry, index) => readEntry(entry, index + 1));
  if (entries.length === 0) throw new MapError(`inline map: it is empty; ${wanted}`);
  return entries;
}

function readEntry(entry: string, number: number): InlineEntry {
  const where = `inline map, entry ${number}`;
  const text = entry.startsWith('{') ? insideBraces(entry)?.trim() : entry;
  if (text === undefined) throw new MapError(`${where}: there is text after its closing brace; ${wanted}`);
  // A key may have quoted blanks and escaped characters, and keeps them as written (split_qnameval(3)).
  const match = /^((?:[^\s="\\]|\\.|"(?:[^"\\]|\\.)*")+)\s*=(.*)$/s.exec(text);
  const value = match?.[2]?.trim();
  if (match?.[1] === undefined || value === undefined) {
    throw new MapError(`${where}: there is no key followed by =; ${wanted}`);
  }
  return { key: match[1], value, where };
}
