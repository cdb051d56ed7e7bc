/**
 * Readers of context values. On the command line (`-c name=value`) a value is text; in cdk.json it may also be a number, a list or
 * an object. A reader receives the value's name, for errors, and the value, `undefined` if absent.
 */
import { readFileSync } from 'node:fs';
import { Duration } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { jsonStructure, type RepeatedName } from '../../functions/json/structure.ts';
import { logicalLines } from '../../functions/maps/logical-lines.ts';
import { type PropsError, refuse } from '../properties/props-error.ts';

/** @throws PropsError with the value and what is allowed */
export type Reader<T> = (name: string, value: unknown) => T;

/** Values by name. */
export type Context = Readonly<Record<string, unknown>>;

/** The text of a file that stands for a value: `@transport.txt`. */
export class FileText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Returns a value, or the text of the file that it names as `@path`, relative to the folder of the app.
 *
 * @throws PropsError for a file that cannot be read
 */
export function fileOrValue(name: string, value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith('@')) return value;
  const content = readOrRefuse(name, value);
  // A value of the command line that is empty removes that of cdk.json; an empty file is more likely one that was never written.
  if (content.trim() === '') throw wrong(name, value, 'a file that is not empty');
  // Octets that are not UTF-8 are read as U+FFFD.
  if (/[\0\ufffd]/.test(content)) throw wrong(name, value, 'a text file in UTF-8');
  return new FileText(content);
}

function readOrRefuse(name: string, value: string): string {
  try {
    return readFileSync(value.slice(1), 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${error.code})` : '';
    throw wrong(name, value, `a value, or @FILE with a file that can be read${code}`);
  }
}

/** Returns a value, or the text of its file. */
export function plain(value: unknown): unknown {
  return value instanceof FileText ? value.text.trim() : value;
}

export function text(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  if (value instanceof FileText) return value.text.trim();
  throw wrong(name, value, 'text');
}

/** Reads entries: separated by semicolons (or newlines, which the CDK's command line cuts off), a list, or the lines of a file. */
export function lines(name: string, value: unknown): string | undefined {
  if (value instanceof FileText) return value.text;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join('\n');
  if (value !== undefined && typeof value !== 'string') throw wrong(name, value, 'text, or a list of texts');
  return value
    ?.split(';')
    .map((line) => line.trim())
    .join('\n');
}

/** Returns the entries of a list; one of the command line, or of a file, is a single text. */
function entriesOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return [value instanceof FileText ? value.text : value];
}

/** Reads a list without duplicates; text is split at blanks and commas. */
export function words(name: string, value: unknown = []): readonly string[] {
  const texts = entriesOf(value);
  if (!texts.every((one) => typeof one === 'string')) {
    throw wrong(name, value, 'a list of texts, or texts separated by blanks');
  }
  const all = texts.flatMap((one) => one.split(/[\s,]+/)).filter((word) => word !== '');
  return [...new Set(all)];
}

/** Reads a list; text is split at blanks only, since an entry may contain commas. */
export function blankSeparated(name: string, value: unknown): readonly string[] {
  const texts = entriesOf(value);
  if (texts.every((one) => typeof one === 'string')) return texts.flatMap((one) => one.trim().split(/\s+/));
  throw wrong(name, value, 'a list of texts, or texts separated by blanks');
}

export function number(name: string, given: unknown): number | undefined {
  const value = plain(given);
  if (value === undefined || typeof value === 'number') return value;
  if (typeof value === 'string' && /^\d{1,9}$/.test(value)) return Number(value);
  throw wrong(name, value, 'a whole number');
}

/** Reads a list of whole numbers. */
export function numbers(name: string, given: unknown): readonly number[] | undefined {
  const value = plain(given);
  if (value === undefined) return undefined;
  const all: readonly unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? words(name, value)
      : [value];
  return all.map((one) => number(name, one) ?? 0);
}

export function yesOrNo(name: string, given: unknown): boolean | undefined {
  const value = plain(given);
  if (value === undefined || typeof value === 'boolean') return value;
  if (value === 'yes' || value === 'true') return true;
  if (value === 'no' || value === 'false') return false;
  throw wrong(name, value, 'yes or no');
}

/** Reads a retention that CloudWatch Logs allows, in days. */
export function days(name: string, value: unknown): RetentionDays | undefined {
  const given = number(name, value);
  if (given === undefined || given in RetentionDays) return given;
  const all = Object.values(RetentionDays).filter((one) => typeof one === 'number');
  throw wrong(name, plain(value), `one of ${all.join(', ')} (9999: without end)`);
}

/** Reads a time with Postfix's units; a plain number is seconds. */
export function duration(name: string, given: unknown): Duration | undefined {
  const value = plain(given);
  if (value === undefined) return undefined;
  const [, digits, unit = ''] = /^(\d{1,9})([smhdw]?)$/.exec(String(value)) ?? [];
  if (digits === undefined) throw wrong(name, value, 'a time such as 300, 300s, 5m or 90d');
  return Duration.seconds(Number(digits) * (secondsIn[unit] ?? 1));
}

const secondsIn: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * Reads an object, or its JSON.
 *
 * @param forms what is allowed, for the error
 */
export function object(name: string, value: unknown, forms = 'a JSON object'): Context {
  if (value instanceof FileText) return object(name, value.text, forms);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Context;
  if (typeof value !== 'string') throw wrong(name, value, forms);
  return object(name, parseJson(name, value, forms), forms);
}

function parseJson(name: string, value: string, forms: string): unknown {
  try {
    const parsed: unknown = JSON.parse(value);
    const { repeated } = jsonStructure(value);
    if (repeated !== undefined) return refuseRepetition(name, value, repeated);
    if (typeof parsed === 'object') return parsed;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw wrong(name, withoutPasswords(value), forms);
}

function refuseRepetition(name: string, value: string, { path, line, column }: RepeatedName): never {
  throw wrong(name, withoutPasswords(value), `"${path}" once; line ${line} column ${column} has it again`);
}

/** Reads Postfix parameters: an object, `name=value` entries, or a file in the format of main.cf. */
export function parameters(name: string, value: unknown = {}): Readonly<Record<string, string>> {
  if (value instanceof FileText) {
    if (value.text.trimStart().startsWith('{')) return asTexts(name, object(name, value.text, assignmentForms));
    return assignments(
      name,
      logicalLines(value.text).map((line) => line.text),
    );
  }
  const isLines = typeof value === 'string' && !value.trimStart().startsWith('{');
  if (!isLines) return asTexts(name, object(name, value, assignmentForms));
  const given = value.split(/[\n;]/).filter((line) => line.trim() !== '');
  return assignments(name, given);
}

/** Reads assignments; a parameter that is given twice is refused, because one of its values would silently count. */
function assignments(name: string, lines: readonly string[]): Readonly<Record<string, string>> {
  const pairs = lines.map((line) => assignment(name, line));
  const twice = pairs.find(([parameter], index) => pairs.findIndex(([other]) => other === parameter) < index);
  if (twice !== undefined) throw wrong(name, twice[0], 'each parameter once');
  return Object.fromEntries(pairs);
}

const assignmentForms = 'a JSON object, name=value separated by semicolons, or @FILE with lines as in main.cf';

function assignment(name: string, line: string): [string, string] {
  const equals = line.indexOf('=');
  const [parameter, value] = [line.slice(0, Math.max(0, equals)).trim(), line.slice(equals + 1).trim()];
  if (!/^\w+$/.test(parameter)) throw wrong(name, withoutPasswords(line), assignmentForms);
  return [parameter, value];
}

/** Hides passwords, which a malformed value may contain too. */
function withoutPasswords(given: string): string {
  return given.replace(/(password_maps).*/s, '$1 (hidden)');
}

/** The values as text: a number in cdk.json is text to a parameter. */
function asTexts(name: string, values: Context): Readonly<Record<string, string>> {
  const entries = Object.entries(values).map(([parameter, value]): [string, string] => {
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw wrong(name, value, `text for ${parameter}`);
    }
    return [parameter, String(value)];
  });
  return Object.fromEntries(entries);
}

/** Returns the error about a context value. */
export function wrong(name: string, value: unknown, allowed: string): PropsError {
  return refuse(`context ${name}`, value, allowed);
}
