/**
 * The maps of lmtp_sasl_password_maps: passwords by server.
 *
 *   secretsmanager:NAME            a secret: a table of passwords as JSON or text (password-table.ts); NAME may be an ARN
 *   texthash:/path                 Postfix's sasl_passwd, read once at start-up
 *   inline:{ {host=user:password}, ... }
 *   regexp:/path, regexp:{ {...} } regular expressions with credentials as results
 *   static:user:password           the same for every server
 *
 * Faults are found when the maps are opened; a secret is read when it is needed. No message contains content of a map.
 */

import { insideBraces, splitOutsideBraces } from '../maps/braces.ts';
import { readInlineEntries } from '../maps/inline-table.ts';
import { MapError } from '../maps/lookup-table.ts';
import { openMap } from '../maps/maps.ts';
import { readTableFile } from '../maps/read-table-file.ts';
import { credentialsWanted, readCredentials } from './credentials.ts';
import { PasswordMaps, type PasswordTable } from './password-maps.ts';
import { collectEntries, type PasswordEntries, readPasswordTable } from './password-table.ts';
import { SecretFault } from './secrets.ts';

/** How maps of passwords are opened. */
export interface PasswordMapOptions {
  /** The separator of user and password (lmtp_sasl_password_result_delimiter). Default: a colon. */
  readonly delimiter?: string;
  /** Reads a file; `undefined` for a file that exists only later. Default: from the file system. */
  readonly readFile?: ReadFile;
}

type ReadFile = (path: string) => string | undefined;

/** The types of maps that may contain passwords. */
export const passwordMapTypes = ['secretsmanager', 'texthash', 'inline', 'regexp', 'static'] as const;

/**
 * Opens the maps of lmtp_sasl_password_maps.
 *
 * @throws SecretFault with the map and its line or entry, but no content
 */
export function openPasswordMaps(text: string, options: PasswordMapOptions = {}): PasswordMaps {
  const tables = splitOutsideBraces(text).map((specification, index) => openTable(specification, index + 1, options));
  return new PasswordMaps(tables);
}

/** Returns the text of lmtp_sasl_password_maps without passwords: types of maps, names of files and secrets. */
export function hidePasswords(text: string): string {
  return splitOutsideBraces(text)
    .map((specification) => sourceOf(specification) ?? hidden)
    .map((source) => (source.includes(':') || source === hidden ? source : `${source}:${hidden}`))
    .join(', ');
}

/** Whether the text itself contains passwords, not only a file or a secret that it names. */
export function hasPasswords(text: string): boolean {
  return hidePasswords(text).includes(hidden);
}

const hidden = '(hidden)';
/** The version of a password from a file or the parameter: it does not change during the life of the process. */
const version = 'static';

function openTable(specification: string, number: number, options: PasswordMapOptions): PasswordTable {
  const { delimiter = ':', readFile = readTableFile } = options;
  const { type, name } = splitSpecification(specification);
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

function splitSpecification(specification: string): { readonly type: string; readonly name: string } {
  const colon = specification.indexOf(':');
  return { type: specification.slice(0, Math.max(0, colon)), name: specification.slice(colon + 1) };
}

/** Returns the part of a specification that may be shown; `undefined` for an unknown type. */
function sourceOf(specification: string): string | undefined {
  const { type, name } = splitSpecification(specification);
  if (!passwordMapTypes.some((known) => known === type)) return undefined;
  const isNamed = type === 'secretsmanager' || type === 'texthash' || (type === 'regexp' && !name.startsWith('{'));
  return isNamed ? specification : type;
}

function unknownType(type: string): string {
  const allowed = `${passwordMapTypes.map((name) => `${name}:`).join(', ')} are allowed`;
  // texthash: reads the source of these compiled maps. Any other word may be a user name, and is not shown.
  const compiled = ['hash', 'btree', 'lmdb', 'cdb', 'dbm', 'sdbm'].includes(type);
  return compiled
    ? `there is no map type "${type}"; texthash: reads its source text; ${allowed}`
    : `its type may not contain passwords; ${allowed}; a value with blanks or commas needs { } around it`;
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
    throw new SecretFault(`${source} names no secret; write secretsmanager: and a name or an ARN`);
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
  const entries = asSecretFaults(() => readInlineEntries(text)).map(({ key, value, where }) => {
    if (value === '') throw new SecretFault(`${where}: its key has no value; write ${credentialsWanted}`);
    return { key, where, credentials: readCredentials(value, where, delimiter) };
  });
  return collectEntries(entries, 'inline map');
}

function staticValue(name: string): string {
  // {"user": ...} is an object, not a value in braces.
  const value = name.startsWith('{') && !/^\{\s*"/.test(name) ? insideBraces(name)?.trim() : name;
  if (value === undefined) throw new SecretFault('static map: its braces do not match; write static:user:password');
  if (value === '') throw new SecretFault('static map: it has no value; write static:user:password');
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
  const { name } = splitSpecification(specification);
  const text = name.startsWith('{') ? '' : (readNamed(source, name, readFile) ?? '');
  try {
    return openMap(specification, { readFile: () => text });
  } catch (error) {
    if (!(error instanceof MapError)) throw error;
    // The message quotes patterns and results, which may be misplaced passwords.
    const place = /^regexp(?: map|:[^\n]*?), (?:line|rule) \d+(?=:)/.exec(error.message)?.[0] ?? 'regexp map';
    throw new SecretFault(`${place} cannot be parsed; write /pattern/flags user:password, with $$ for a dollar sign`);
  }
}

function readNamed(source: string, path: string, readFile: ReadFile): string | undefined {
  if (path === '') throw new SecretFault(`${source} names no file; write ${source}/path`);
  try {
    return readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
    throw new SecretFault(`${source}: the file cannot be read${code}`, { cause });
  }
}

/** Turns errors of maps, which contain no content here, into faults of secrets. */
function asSecretFaults<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof MapError) throw new SecretFault(cause.message, { cause });
    throw cause;
  }
}
