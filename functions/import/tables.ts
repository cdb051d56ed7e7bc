/**
 * The look-up tables that main.cf names, as far as their entries can be read here: source text of compiled maps, inline:, static:,
 * regexp:, and pcre: where its patterns mean the same in regexp:.
 */

import { insideBraces, splitOutsideBraces } from '../maps/braces.ts';
import { readInlineEntries } from '../maps/inline-table.ts';
import { logicalLines } from '../maps/logical-lines.ts';
import { MapError } from '../maps/lookup-table.ts';
import { openMap } from '../maps/maps.ts';
import { splitEntry } from '../maps/text-table.ts';

/** Returns the text of a file; `undefined` if it cannot be read. */
export type ReadText = (path: string) => string | undefined;

/** One entry. */
export interface Entry {
  /** In lower case, as postmap(1) stores it. */
  readonly key: string;
  readonly value: string;
}

/** The entries of a table. */
export interface Entries {
  readonly entries: readonly Entry[];
  /** The same by key. */
  readonly byKey: ReadonlyMap<string, string>;
  /** Lines that cannot be used, or have no effect. */
  readonly faults: readonly string[];
}

/** A table. */
export type Table = {
  /** As main.cf names it, without `proxy:`. */
  readonly specification: string;
  /** The file that it reads, if any. */
  readonly path?: string;
} & (
  | ({ readonly kind: 'entries' } & Entries)
  | { readonly kind: 'static'; readonly value: string }
  | {
      readonly kind: 'patterns';
      readonly find: (key: string) => string | undefined;
      /** The same rules as `regexp:{ ... }`. */
      readonly inline: string;
    }
  /** Neither its entries nor its results are known here. */
  | { readonly kind: 'opaque'; readonly why: string }
);

/** Types of maps that postmap(1) makes from a text file of the same name. */
const compiled: ReadonlySet<string> = new Set(['hash', 'btree', 'lmdb', 'cdb', 'dbm', 'sdbm', 'texthash']);

/** Types of tables (DATABASE_README). */
const tableTypes: ReadonlySet<string> = new Set([
  ...compiled,
  ...'static inline regexp pcre cidr unionmap pipemap randmap ldap mysql pgsql sqlite mongodb memcache nis nisplus netinfo'.split(
    ' ',
  ),
  ...'tcp socketmap environ internal unix secretsmanager'.split(' '),
]);

/** What PCRE has and POSIX does not, or not with the same meaning. */
const perlOnly = /\\[dDhHvVRQEAzZGKpPXxtnrk]|\(\?|[*+?}][?+]|\\[1-9]/;

/** Returns the tables of a parameter, in order. */
export function readTables(value: string, read: ReadText): readonly Table[] {
  return splitOutsideBraces(value).map((word) => readTable(word, read));
}

function readTable(word: string, read: ReadText): Table {
  const specification = word.replace(/^(?:proxy:)+/, '');
  const colon = specification.indexOf(':');
  const type = specification.slice(0, Math.max(0, colon));
  const name = specification.slice(colon + 1);
  try {
    if (type === 'static') return { specification: 'static:', kind: 'static', value: staticValue(name) };
    if (type === 'inline') return { specification: 'inline:', kind: 'entries', ...inlineEntries(name) };
    if (compiled.has(type)) return fileTable(specification, name, read);
    if (type === 'regexp' || type === 'pcre') return patternTable(specification, type, name, read);
  } catch (error) {
    if (!(error instanceof MapError)) throw error;
    return { specification: shownSpecification(specification), kind: 'opaque', why: 'it cannot be parsed' };
  }
  return { specification: shownSpecification(specification), kind: 'opaque', why: whyOpaque(type) };
}

/** Returns a specification without content: of a table in the parameter only its type. */
export function shownSpecification(specification: string): string {
  if (specification.startsWith('/')) return specification;
  const [, type = '', name = ''] = /^(?:proxy:)*([a-z]+):(.*)$/s.exec(specification) ?? [];
  // Any other word before a colon may be the name of a user, or a part of a password.
  if (!tableTypes.has(type)) return '(hidden)';
  return name.startsWith('/') ? specification : `${type}:`;
}

function whyOpaque(type: string): string {
  switch (type) {
    case 'cidr':
      return 'its keys are networks';
    case 'unionmap':
    case 'pipemap':
    case 'randmap':
      return 'it combines other tables';
    case '':
      return 'it names no type of table';
    default:
      return tableTypes.has(type)
        ? `a table of the type ${type} is asked over the network or a socket, and its entries cannot be listed`
        : 'there is no such type of table';
  }
}

function staticValue(name: string): string {
  return name.startsWith('{') ? (insideBraces(name)?.trim() ?? name) : name;
}

function inlineEntries(name: string): Entries {
  const entries = readInlineEntries(name).map(({ key, value }) => ({ key: key.toLowerCase(), value }));
  return { entries, byKey: new Map(entries.map(({ key, value }) => [key, value])), faults: [] };
}

function fileTable(specification: string, path: string, read: ReadText): Table {
  const text = read(path);
  if (text === undefined) return { specification, path, kind: 'opaque', why: `${path} cannot be read` };
  return { specification, path, kind: 'entries', ...textEntries(text) };
}

/** Reads the source of a compiled map. Of two entries with one key the first counts, as in postmap(1). */
export function textEntries(text: string): Entries {
  const byKey = new Map<string, string>();
  const faults: string[] = [];
  for (const { number, text: line } of logicalLines(text.replaceAll('\r\n', '\n'))) {
    const { key, value } = splitEntry(line);
    const folded = key?.toLowerCase();
    if (folded === undefined || value === '') faults.push(`line ${number} is not a key, blanks and a value`);
    else if (byKey.has(folded)) faults.push(`line ${number} has a key of an earlier line, which counts`);
    else byKey.set(folded, value);
  }
  return { entries: [...byKey].map(([key, value]) => ({ key, value })), byKey, faults };
}

function patternTable(specification: string, type: string, name: string, read: ReadText): Table {
  const isInline = name.startsWith('{');
  const shown = shownSpecification(specification);
  const path = isInline ? {} : { path: name };
  const text = isInline ? name : read(name);
  if (text === undefined) return { specification: shown, ...path, kind: 'opaque', why: `${name} cannot be read` };
  if (type === 'pcre' && perlOnly.test(text)) {
    return { specification: shown, ...path, kind: 'opaque', why: 'it has patterns of Perl that regexp: does not have' };
  }
  const inline = isInline ? text : asInline(text);
  const { find } = openMap(`regexp:${inline}`);
  return { specification: shown, ...path, kind: 'patterns', find, inline: `regexp:${inline}` };
}

/** Returns the rules of a file in braces. @throws MapError where a rule has braces that do not match */
function asInline(text: string): string {
  const rules = logicalLines(text.replaceAll('\r\n', '\n')).map(({ text: rule }) => `{ ${rule} }`);
  if (rules.some((rule) => insideBraces(rule) === undefined)) throw new MapError('a rule has braces that do not match');
  return `{ ${rules.join(', ')} }`;
}
