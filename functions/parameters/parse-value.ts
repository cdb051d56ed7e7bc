/**
 * Parses the text of a value.
 */

import { MapError } from '../maps/lookup-table.ts';
import { type Maps, openMaps } from '../maps/maps.ts';
import { openPatternList, type PatternList } from '../maps/pattern-list.ts';
import { type ReadTableFile, readTableFile } from '../maps/read-table-file.ts';
import { hidePasswords, openPasswordMaps } from '../secrets/open-password-maps.ts';
import type { PasswordMaps } from '../secrets/password-maps.ts';
import { SecretFault } from '../secrets/secrets.ts';
import { parseTime } from './parse-time.ts';
import { parsePorts } from './ports.ts';
import { type ProtocolRange, parseProtocols } from './protocols.ts';
import { ParameterError, type Row, second } from './row.ts';

/** A parsed value. */
export type ParameterValue =
  | number
  | boolean
  | string
  | readonly string[]
  | ReadonlySet<string>
  | ReadonlyMap<string, number>
  | ProtocolRange
  | Maps
  | PasswordMaps
  | PatternList;

/** Other parameters that a value depends on, and how files are read. */
export interface ValueContext {
  /** Ports by name (known_tcp_ports). */
  readonly ports?: ReadonlyMap<string, number>;
  /** The separator of user and password (lmtp_sasl_password_result_delimiter). */
  readonly delimiter?: string;
  /** Reads a file of a map; `undefined` for a file that exists only later. Default: from the file system. */
  readonly readFile?: (path: string) => string | undefined;
}

/**
 * Parses a value.
 *
 * @throws ParameterError with parameter, value and what is allowed
 */
export function parseValue(name: string, row: Row, value: string, context: ValueContext = {}): ParameterValue {
  switch (row.kind) {
    case 'time':
      return parseTimeValue(name, value, row);
    case 'number':
    case 'size':
      return parseNumber(name, value, row);
    case 'port':
      return parsePort(name, value, row, context.ports ?? new Map());
    case 'ports':
      return parsePorts(name, value);
    case 'switch':
      if (value !== 'yes' && value !== 'no') throw new ParameterError(name, `"${value}" is neither yes nor no`);
      return value === 'yes';
    case 'text':
      return checkPattern(name, value, row);
    case 'choice':
      return parseChoice(name, value, row);
    case 'words':
      return parseWords(name, value, row);
    case 'flags':
      return parseFlags(name, value, row);
    case 'protocols':
      return parseProtocols(name, value);
    case 'passwords':
      return openPasswords(name, value, context);
    case 'maps':
    case 'patterns':
      return openTables(name, value, row, context);
    default:
      return row.kind satisfies never;
  }
}

function parseTimeValue(name: string, value: string, row: Row): number {
  const time = parseTime(value);
  if (time !== undefined) return inBounds(name, value, time, row);
  throw new ParameterError(name, `"${value}" is not a time: write a number and s, m, h, d or w, such as 300s`);
}

function parseNumber(name: string, value: string, row: Row): number {
  if (!/^\d{1,15}$/.test(value)) throw new ParameterError(name, `"${value}" is not a whole number`);
  return inBounds(name, value, Number(value), row);
}

function parsePort(name: string, value: string, row: Row, ports: ReadonlyMap<string, number>): number {
  if (/^\d{1,15}$/.test(value)) return inBounds(name, value, Number(value), row);
  const port = ports.get(value.toLowerCase());
  if (port !== undefined) return port;
  const names = [...ports.keys()].join(', ');
  throw new ParameterError(name, `"${value}" is not a whole number, nor a name of known_tcp_ports (${names})`);
}

function inBounds(name: string, value: string, number: number, { kind, min = 0, max }: Row): number {
  if (number >= min && (max === undefined || number <= max)) return number;
  const show = (bound: number) => (kind === 'time' ? `${bound / second}s` : String(bound));
  const range = max === undefined ? `${show(min)} or more` : `${show(min)} to ${show(max)}`;
  throw new ParameterError(name, `"${value}" is out of range: ${range} is allowed`);
}

function checkPattern(name: string, value: string, { pattern, wanted = 'allowed' }: Row): string {
  if (pattern === undefined || pattern.test(value)) return value;
  throw new ParameterError(name, `"${value}" is not ${wanted}`);
}

function parseChoice(name: string, value: string, { allowed = [], refused = {} }: Row): string {
  const word = value.toLowerCase();
  if (allowed.includes(word)) return word;
  const reason = Object.hasOwn(refused, word) ? refused[word] : undefined;
  if (reason !== undefined) {
    throw new ParameterError(name, `"${value}" cannot be set here: ${reason}; allowed are ${inWords(allowed)}`);
  }
  throw new ParameterError(name, `"${value}" is not allowed; allowed are ${inWords(allowed)}`);
}

function parseWords(name: string, value: string, row: Row): readonly string[] {
  const { allowed, min = 0 } = row;
  const words = value
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
  for (const word of words) {
    checkPattern(name, word, row);
    if (allowed !== undefined && !allowed.includes(word)) {
      throw new ParameterError(name, `"${word}" is not allowed; allowed are ${inWords(allowed)}`);
    }
  }
  if (words.length < min) throw new ParameterError(name, `"${value}" is empty; allowed are ${inWords(allowed ?? [])}`);
  return words;
}

function parseFlags(name: string, value: string, { allowed = [] }: Row): ReadonlySet<string> {
  const letters = [...value.replaceAll(/[\s,]+/g, '')];
  for (const letter of letters) {
    if (!allowed.includes(letter)) {
      throw new ParameterError(name, `"${value}" has the flag "${letter}"; allowed are ${inWords(allowed)}`);
    }
  }
  return new Set(letters);
}

function inWords(allowed: readonly string[]): string {
  return allowed.map((word) => (word === '' ? '(empty)' : word)).join(', ');
}

function openPasswords(name: string, value: string, context: ValueContext): PasswordMaps {
  try {
    return openPasswordMaps(value, context);
  } catch (cause) {
    if (!(cause instanceof SecretFault)) throw cause;
    throw new ParameterError(name, `"${hidePasswords(value)}" cannot be used: ${cause.message}`, { cause });
  }
}

function openTables(
  name: string,
  value: string,
  row: Row,
  { readFile: read = readTableFile }: ValueContext,
): ParameterValue {
  const readFile: ReadTableFile = (path) => read(path) ?? '';
  try {
    if (row.kind === 'maps') return openMaps(value, { fold: row.fold ?? false, readFile });
    return openPatternList(value, { matches: row.matches ?? 'strings', readFile });
  } catch (cause) {
    if (!(cause instanceof MapError)) throw cause;
    throw new ParameterError(name, `"${value}" cannot be used: ${cause.message}`, { cause });
  }
}
