/**
 * A list of domains: mydestination, virtual_mailbox_domains, virtual_alias_domains, relay_domains (match_list(3), domain_list(3)).
 */

import { splitOutsideBraces } from '../maps/braces.ts';
import { logicalLines } from '../maps/logical-lines.ts';
import { type ReadText, readTables, type Table } from './tables.ts';

/** A list. */
export interface DomainList {
  /** Whether a domain is in the list, as far as its tables can be read. */
  has(domain: string): boolean;
  /** The domains that the list names, in order. */
  readonly names: readonly string[];
  /** Tables whose domains are not known here. */
  readonly opaque: readonly Extract<Table, { readonly kind: 'opaque' }>[];
}

/** How a list is read. */
export interface DomainListOptions {
  readonly read: ReadText;
  /** Looks up a key in a table that cannot be read here; absent: nothing is found there. */
  readonly ask?: (specification: string, key: string) => string | undefined;
  /** A domain includes its subdomains (parent_domain_matches_subdomains). */
  readonly withSubdomains?: boolean;
}

interface Pattern {
  readonly yes: boolean;
  readonly table?: Table;
  readonly name?: string;
}

/** Most levels of files that name files. */
const deepest = 5;

/** Reads a list. */
export function readDomainList(value: string, options: DomainListOptions): DomainList {
  const patterns = readPatterns(value, true, options.read, 0);
  const matches = ({ table, name }: Pattern, key: string): boolean =>
    table === undefined ? name === key : isIn(table, key, options);
  // Without exclusions the order does not count: lists may have thousands of names.
  const isPlain = patterns.every(({ yes }) => yes);
  const plainNames = new Set(patterns.flatMap(({ name }) => (name === undefined ? [] : [name])));
  const others = patterns.filter(({ name }) => name === undefined);
  const has = (domain: string): boolean => {
    const keys = keysOf(domain.toLowerCase(), options.withSubdomains ?? false);
    if (isPlain) return keys.some((key) => plainNames.has(key) || others.some((pattern) => matches(pattern, key)));
    return patterns.find((pattern) => keys.some((key) => matches(pattern, key)))?.yes ?? false;
  };
  const named = patterns.flatMap((pattern) => (pattern.yes ? namesOf(pattern) : []));
  return {
    has,
    names: [...new Set(named)].filter((name) => has(name)),
    opaque: patterns.flatMap(({ table }) => (table?.kind === 'opaque' ? [table] : [])),
  };
}

/** Returns a domain, and the domains above it if they include it. */
function keysOf(domain: string, withSubdomains: boolean): readonly string[] {
  if (!withSubdomains) return [domain];
  const labels = domain.split('.');
  return labels.map((_, index) => labels.slice(index).join('.'));
}

function isIn(table: Table, key: string, { ask }: DomainListOptions): boolean {
  switch (table.kind) {
    case 'entries':
      return table.byKey.has(key);
    case 'static':
      return true;
    case 'patterns':
      return table.find(key) !== undefined;
    case 'opaque':
      return ask?.(table.specification, key) !== undefined;
    default:
      return table satisfies never;
  }
}

function namesOf({ table, name }: Pattern): readonly string[] {
  if (name !== undefined) return [name];
  // A table of mailboxes or aliases (virtual_mailbox_maps) has addresses too.
  if (table?.kind !== 'entries') return [];
  return table.entries.flatMap(({ key }) => (/[@\s]/.test(key) ? [] : [key]));
}

function readPatterns(value: string, outerYes: boolean, read: ReadText, depth: number): readonly Pattern[] {
  return splitOutsideBraces(value).flatMap((word): readonly Pattern[] => {
    const item = word.replace(/^!+/, '');
    const yes = outerYes === ((word.length - item.length) % 2 === 0);
    if (item.startsWith('/')) return readFile(item, yes, read, depth);
    if (/^[a-z]+:/.test(item)) return readTables(item, read).map((table) => ({ yes, table }));
    return item === '' ? [] : [{ yes, name: item.toLowerCase() }];
  });
}

function readFile(path: string, yes: boolean, read: ReadText, depth: number): readonly Pattern[] {
  const text = depth < deepest ? read(path) : undefined;
  const why = depth < deepest ? `${path} cannot be read` : 'files name each other in a loop';
  if (text === undefined) return [{ yes, table: { specification: path, path, kind: 'opaque', why } }];
  const lines = logicalLines(text).map((line) => line.text);
  return readPatterns(lines.join(' '), yes, read, depth + 1);
}
