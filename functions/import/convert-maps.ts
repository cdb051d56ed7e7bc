/**
 * Maps of main.cf as maps that a function has: in the parameter itself.
 */

import { MapError } from '../maps/lookup-table.ts';
import { openMaps } from '../maps/maps.ts';
import { type ReadText, readTables, type Table } from './tables.ts';

/** Maps in the parameter, or why there are none. */
export type ConvertedMaps =
  | { readonly kind: 'maps'; readonly text: string; readonly entries: number }
  | { readonly kind: 'refused'; readonly why: string };

/** Most octets of a map in a parameter: Lambda allows 4 KB for the whole environment. */
const mostOctets = 2500;

/**
 * Converts the maps of a parameter.
 *
 * @param faultOf returns what is wrong with the result of an entry
 */
export function convertMaps(
  value: string,
  read: ReadText,
  faultOf: (result: string) => string | undefined = () => undefined,
): ConvertedMaps {
  const tables = readTables(value, read);
  const opaque = tables.find((table) => table.kind === 'opaque');
  if (opaque?.kind === 'opaque') return { kind: 'refused', why: `${opaque.specification}: ${opaque.why}` };
  const wrong = tables.flatMap((table) => faultsOf(table, faultOf))[0];
  if (wrong !== undefined) return { kind: 'refused', why: wrong };
  const text = tables
    .map(asMap)
    .filter((map) => map !== '')
    .join(', ');
  const octets = Buffer.byteLength(text);
  if (octets > mostOctets) {
    return {
      kind: 'refused',
      why: `its entries have ${octets} octets, and the environment of a function ${mostOctets} for them`,
    };
  }
  try {
    openMaps(text);
  } catch (error) {
    if (error instanceof MapError) return { kind: 'refused', why: error.message };
    throw error;
  }
  return { kind: 'maps', text, entries: tables.reduce((sum, table) => sum + countOf(table), 0) };
}

function faultsOf(table: Table, faultOf: (result: string) => string | undefined): readonly string[] {
  if (table.kind === 'static') return [faultOf(table.value)].filter((fault) => fault !== undefined);
  if (table.kind !== 'entries') return [];
  return table.entries.flatMap(({ key, value }) => {
    const fault = faultOf(value);
    return fault === undefined ? [] : [`the entry of ${key}: ${fault}`];
  });
}

function countOf(table: Table): number {
  return table.kind === 'entries' ? table.entries.length : 1;
}

function asMap(table: Table): string {
  switch (table.kind) {
    case 'entries':
      return table.entries.length === 0
        ? ''
        : `inline:{ ${table.entries.map(({ key, value }) => `{ ${key} = ${value} }`).join(', ')} }`;
    case 'static':
      return `static:{ ${table.value} }`;
    case 'patterns':
      return table.inline;
    case 'opaque':
      return '';
    default:
      return table satisfies never;
  }
}
