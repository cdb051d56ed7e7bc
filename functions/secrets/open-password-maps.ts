/**
 * Passwords by server, as lmtp_sasl_password_maps names them.
 *
 *   secretsmanager:NAME            a secret: a table of passwords as JSON or text (password-table.ts); NAME may be an ARN
 *   texthash:/path                 Postfix's sasl_passwd, read once at start-up
 *   inline:{ {host=user:password}, ... }
 *   regexp:/path, regexp:{ {...} } regular expressions with credentials as results
 *   static:user:password           the same for every server
 *
 * What can be found wrong when the maps are opened is found then; a secret is read when it is needed. No message shows what
 * stands in a map.
 */

import { insideBraces, splitOutsideBraces } from '../maps/braces.ts';
import { readInlineEntries } from '../maps/inline-table.ts';
import { MapError } from '../maps/map-error.ts';
import { openMap } from '../maps/maps.ts';
import { readTableFile } from '../maps/read-table-file.ts';
import { credentialsWanted, readCredentials } from './credentials.ts';
import { PasswordMaps, type PasswordTable } from './password-maps.ts';
import { collectEntries, type PasswordEntries, readPasswordTable } from './password-table.ts';
import { SecretFault } from './secrets.ts';

/** How maps of passwords are opened. */
export interface PasswordMapOptions {
  /** Between user and password (lmtp_sasl_password_result_delimiter). Default: a colon. */
  readonly delimiter?: string;
  /** How files are read; `undefined` of one that will be looked at later, where it is. Default: from the file system. */
  readonly readFile?: ReadFile;
}

type ReadFile = (path: string) => string | undefined;

/** The types of maps that may hold passwords. */
export const passwordMapTypes = ['secretsmanager', 'texthash', 'inline', 'regexp', 'static'] as const;

/**
 * Opens the maps that lmtp_sasl_password_maps names.
 *
 * @throws SecretFault naming the map and its line or entry, but nothing that stands in it
 */
export function openPasswordMaps(text: string, options: PasswordMapOptions = {}): PasswordMaps {
  const tables = splitOutsideBraces(text).map((specification, index) => openTable(specification, index + 1, options));
  return new PasswordMaps(tables);
}

/** The text of lmtp_sasl_password_maps as it may be shown: types of maps, names of files and secrets, and no passwords. */
export function hidePasswords(text: string): string {
  return splitOutsideBraces(text)
    .map((specification) => sourceOf(specification) ?? hidden)
    .map((source) => (source.includes(':') || source === hidden ? source : `${source}:${hidden}`))
    .join(', ');
}

/** Whether passwords stand in the text itself, and not in a file or a secret that it names. */
export function hasPasswords(text: string): boolean {
  return hidePasswords(text).includes(hidden);
}

const hidden = '(hidden)';
/** Version of what stands in a file or in the parameter itself: for as long as the process lives there is no other. */
const version = 'static';

function openTable(specification: string, number: number, options: PasswordMapOptions): PasswordTable {
  const { delimiter = ':', readFile = readTableFile } = options;
  const { type, name } = takeApart(specification);
  const source = sourceOf(specification) ?? '';
  switch (type) {
    case 'secretsmanager':
      return secretTable(name, source, delimiter);
    case 'texthash': {
      const text = readNamed(source, name, readFile);
      return entryTable(source, text === undefined ? new Map() : readPasswordTable(text, source, delimiter));
    }
    case 'inline':
      return entryTable(source, readInline(name, delimiter));
    case 'static': {
      const credentials = readCredentials(staticValue(name), 'static map', delimiter);
      return { source, find: async () => ({ credentials, version }) };
    }
    case 'regexp':
      return regexpTable(specification, source, delimiter, readFile);
    default:
      throw new SecretFault(`map ${number}: ${unknownType(type)}`);
  }
}

function takeApart(specification: string): { readonly type: string; readonly name: string } {
  const colon = specification.indexOf(':');
  return { type: specification.slice(0, Math.max(0, colon)), name: specification.slice(colon + 1) };
}

/** What may be shown of a specification; `undefined` if it is of no type that we know. */
function sourceOf(specification: string): string | undefined {
  const { type, name } = takeApart(specification);
  if (!passwordMapTypes.some((known) => known === type)) return undefined;
  const isNamed = type === 'secretsmanager' || type === 'texthash' || (type === 'regexp' && !name.startsWith('{'));
  return isNamed ? specification : type;
}

function unknownType(type: string): string {
  const allowed = `${passwordMapTypes.map((name) => `${name}:`).join(', ')} are allowed`;
  // What these are compiled from is what texthash: reads. Of any other word nobody knows whether it is not a user already.
  const compiled = ['hash', 'btree', 'lmdb', 'cdb', 'dbm', 'sdbm'].includes(type);
  return compiled
    ? `there is no map type "${type}"; texthash: reads the text that it is made from; ${allowed}`
    : `its type is none that may hold passwords; ${allowed}, and { } around a value with blanks or commas`;
}

function entryTable(source: string, entries: PasswordEntries): PasswordTable {
  return {
    source,
    find: async (key) => {
      const credentials = entries.get(key.toLowerCase());
      return credentials && { credentials, version };
    },
  };
}

function secretTable(name: string, source: string, delimiter: string): PasswordTable {
  if (!/^[\w/+=.@!:-]+$/.test(name)) {
    throw new SecretFault(`${source} names no secret; secretsmanager: and a name or an ARN is wanted`);
  }
  return {
    source,
    secret: name,
    find: async (key, secrets, options) => {
      const { text, version } = await secrets.fetch(name, options);
      const credentials = readPasswordTable(text, source, delimiter).get(key.toLowerCase());
      return credentials && { credentials, version };
    },
  };
}

function readInline(text: string, delimiter: string): PasswordEntries {
  const entries = inWordsOfSecrets(() => readInlineEntries(text)).map(({ key, value, where }) => {
    if (value === '') throw new SecretFault(`${where}: its key has no value; ${credentialsWanted} is wanted`);
    return { key, where, credentials: readCredentials(value, where, delimiter) };
  });
  return collectEntries(entries, 'inline map');
}

function staticValue(name: string): string {
  // {"user": ...} is an object, and not a value in braces.
  const value = name.startsWith('{') && !/^\{\s*"/.test(name) ? insideBraces(name)?.trim() : name;
  if (value === undefined) throw new SecretFault('static map: its braces do not match; static:user:password is wanted');
  if (value === '') throw new SecretFault('static map: it has no value; static:user:password is wanted');
  return value;
}

function regexpTable(specification: string, source: string, delimiter: string, readFile: ReadFile): PasswordTable {
  const table = openRegexp(specification, source, readFile);
  return {
    source,
    find: async (key) => {
      const value = table.find(key);
      if (value === undefined || value === '') return undefined;
      return { credentials: readCredentials(value, source, delimiter), version };
    },
  };
}

function openRegexp(specification: string, source: string, readFile: ReadFile): ReturnType<typeof openMap> {
  const { name } = takeApart(specification);
  const text = name.startsWith('{') ? '' : (readNamed(source, name, readFile) ?? '');
  try {
    return openMap(specification, { readFile: () => text });
  } catch (error) {
    if (!(error instanceof MapError)) throw error;
    // The message quotes patterns and results, which may be passwords that went astray.
    const place = /^regexp(?: map|:[^\n]*?), (?:line|rule) \d+(?=:)/.exec(error.message)?.[0] ?? 'regexp map';
    throw new SecretFault(
      `${place} cannot be understood; /pattern/flags user:password is wanted, with $$ for a dollar sign`,
    );
  }
}

function readNamed(source: string, path: string, readFile: ReadFile): string | undefined {
  if (path === '') throw new SecretFault(`${source} names no file; ${source}/path is wanted`);
  try {
    return readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
    throw new SecretFault(`${source}: the file cannot be read${code}`, { cause });
  }
}

/** Errors of maps that show nothing of their content, as faults. */
function inWordsOfSecrets<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof MapError) throw new SecretFault(cause.message, { cause });
    throw cause;
  }
}
