/**
 * The maps of a parameter (Postfix maps(3), DATABASE_README): one or several, searched in order; the first entry wins.
 *
 *   static:value                   the same for every key; static:{ value with blanks }
 *   inline:{ key=value, ... }      a table in the parameter itself
 *   texthash:/path                 a table in a file, read once at start-up
 *   regexp:/path, regexp:{ {...} } regular expressions with results
 *
 * A fault in a map is found when it is opened, not when it is needed.
 */

import { insideBraces, splitOutsideBraces } from './braces.ts';
import { readInlineTable } from './inline-table.ts';
import { type LookupTable, MapError } from './lookup-table.ts';
import { type ReadTableFile, readTableFile } from './read-table-file.ts';
import { readInlineRegexpTable, readRegexpTable } from './regexp-table.ts';
import { readTextTable } from './text-table.ts';

/** How maps are opened. */
export interface MapOptions {
  /** Keys of tables are looked up in lower case. Default: yes. Regular expressions have the flag `i` instead. */
  readonly fold?: boolean;
  /** Default: the file system. */
  readonly readFile?: ReadTableFile;
}

/** Open maps. */
export class Maps {
  /** Whether there are no maps. */
  readonly isEmpty: boolean;
  readonly #tables: readonly LookupTable[];

  constructor(tables: readonly LookupTable[]) {
    this.isEmpty = tables.length === 0;
    this.#tables = tables;
  }

  /** Returns the result of the first map that has one; an empty key has none. */
  find(key: string): string | undefined {
    if (key === '') return undefined;
    for (const table of this.#tables) {
      const result = table.find(key);
      // A regular expression may have an empty result; Postfix treats that as an error in the map, not as an entry.
      if (result !== undefined) return result === '' ? undefined : result;
    }
    return undefined;
  }
}

/** The types of maps. */
export const mapTypes = ['static', 'inline', 'texthash', 'regexp'] as const;

/**
 * Opens the maps of a parameter.
 *
 * @throws MapError with the map, the line and what is allowed
 */
export function openMaps(text: string, options: MapOptions = {}): Maps {
  return new Maps(splitOutsideBraces(text).map((specification) => openMap(specification, options)));
}

/**
 * Opens one map.
 *
 * @param specification `type:name`
 * @throws MapError with the map, the line and what is allowed
 */
export function openMap(
  specification: string,
  { fold = true, readFile = readTableFile }: MapOptions = {},
): LookupTable {
  const colon = specification.indexOf(':');
  const type = specification.slice(0, Math.max(0, colon));
  const name = specification.slice(colon + 1);
  switch (type) {
    case 'static':
      return openStatic(name);
    case 'inline':
      return readInlineTable(name, fold);
    case 'texthash':
      return readTextTable(readNamed(specification, name, readFile), specification, fold);
    case 'regexp':
      return name.startsWith('{')
        ? readInlineRegexpTable(name)
        : readRegexpTable(readNamed(specification, name, readFile), specification);
    default:
      throw new MapError(unknownType(type, specification));
  }
}

function unknownType(type: string, specification: string): string {
  const allowed = `${mapTypes.map((name) => `${name}:`).join(', ')} are allowed`;
  if (type === 'secretsmanager') return `secretsmanager: is for passwords and TLS keys only; ${allowed}`;
  return type === ''
    ? `"${specification}" names no type of map; ${allowed}`
    : `there is no map type "${type}"; ${allowed}`;
}

function openStatic(name: string): LookupTable {
  const value = name.startsWith('{') ? insideBraces(name)?.trim() : name;
  if (value === undefined) throw new MapError('static map: its braces do not match; write static:{ value }');
  if (value === '') throw new MapError('static map: it has no value; write static:value');
  return { fixed: true, find: () => value };
}

function readNamed(specification: string, path: string, readFile: ReadTableFile): string {
  if (path === '') throw new MapError(`${specification} names no file; write ${specification}/path`);
  try {
    return readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
    throw new MapError(`${specification}: the file cannot be read${code}`, { cause });
  }
}
