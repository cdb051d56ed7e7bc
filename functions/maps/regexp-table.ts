/**
 * `regexp:`: regular expressions with results; the first match wins (Postfix regexp_table(5)).
 *
 *     /^4\.2\.2 (.*)/      5.2.2 filtered: $1
 *     !/^250 /i            450 4.3.0 not what we expected
 *     if /example\.com$/
 *     /^postmaster@/       OK
 *     endif
 *
 * Any character except letters, digits and blanks may replace the slashes. Flags toggle: `i` ignores case (on), `m` lets `^` and
 * `$` match at line ends (off), `x` is the extended syntax (on).
 *
 * Known limits: where groups could match in several ways, POSIX has its own rule; here groups are greedy from left to right.
 * Keys longer than `longestKey` are not looked up.
 */

import { insideBraces, splitOutsideBraces } from './braces.ts';
import { type LogicalLine, logicalLines } from './logical-lines.ts';
import { type LookupTable, MapError } from './lookup-table.ts';
import { MacroError, parseMacros, type TextPart } from './macros.ts';
import { compilePosixRegexp, type PosixRegexp, PosixRegexpError } from './posix-regexp.ts';

/** The longest key that is looked up, in characters: the time of matching is proportional to key and pattern. */
export const longestKey = 10_000;

const ruleWanted = 'write /pattern/flags result, if /pattern/, endif, or a # comment';

interface Pattern {
  readonly regexp: PosixRegexp;
  /** `!`: it must not match. */
  readonly negated: boolean;
}

type Rule =
  | {
      readonly kind: 'match';
      readonly pattern: Pattern;
      /** The second pattern of `/pattern/!/pattern/`. */
      readonly unless: Pattern | undefined;
      readonly result: readonly TextPart[];
    }
  | { readonly kind: 'if'; readonly pattern: Pattern; readonly rules: readonly Rule[] };

/**
 * Parses a table.
 *
 * @param name its name in errors
 * @throws MapError with the line and what is allowed
 */
export function readRegexpTable(text: string, name: string): LookupTable {
  return makeTable(logicalLines(text), (line) => `${name}, line ${line}`);
}

/**
 * Parses a table in the parameter: `{ { /pattern/ result }, { ... } }`.
 *
 * @throws MapError with the rule and what is allowed
 */
export function readInlineRegexpTable(text: string): LookupTable {
  const wanted = 'write regexp:{ { /pattern/flags result }, ... }';
  const content = insideBraces(text);
  if (content === undefined) throw new MapError(`regexp map: its braces do not match; ${wanted}`);
  const lines = splitOutsideBraces(content).map((element, index) => {
    const rule = insideBraces(element)?.trim();
    if (rule === undefined) throw new MapError(`regexp map, rule ${index + 1}: it is not in braces; ${wanted}`);
    return { number: index + 1, text: rule };
  });
  if (lines.length === 0) throw new MapError(`regexp map: it is empty; ${wanted}`);
  return makeTable(
    lines.filter((line) => line.text !== '' && !line.text.startsWith('#')),
    (rule) => `regexp map, rule ${rule}`,
  );
}

function makeTable(lines: readonly LogicalLine[], where: (line: number) => string): LookupTable {
  const rules = readRules(lines, where);
  return { fixed: false, find: (key) => (key.length > longestKey ? undefined : findIn(rules, key)) };
}

function findIn(rules: readonly Rule[], key: string): string | undefined {
  for (const rule of rules) {
    const found = rule.kind === 'if' ? findInBlock(rule, key) : applyRule(rule, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findInBlock({ pattern, rules }: Extract<Rule, { kind: 'if' }>, key: string): string | undefined {
  return applies(pattern, key) ? findIn(rules, key) : undefined;
}

function applyRule({ pattern, unless, result }: Extract<Rule, { kind: 'match' }>, key: string): string | undefined {
  const groups = pattern.regexp.match(key);
  if ((groups === undefined) !== pattern.negated) return undefined;
  if (unless !== undefined && !applies(unless, key)) return undefined;
  return result.map((part) => ('literal' in part ? part.literal : (groups?.[Number(part.name)] ?? ''))).join('');
}

function applies({ regexp, negated }: Pattern, key: string): boolean {
  return (regexp.match(key) === undefined) === negated;
}

/** Parses rules; an `if` contains the rules up to its `endif`. */
function readRules(lines: readonly LogicalLine[], where: (line: number) => string): readonly Rule[] {
  const rules: Rule[] = [];
  const open: { readonly line: number; readonly rules: Rule[] }[] = [];
  for (const { number, text } of lines) {
    const here = where(number);
    const block = open.at(-1)?.rules ?? rules;
    const word = /^(if|endif)(?![a-z0-9])\s*(.*)$/is.exec(text);
    if (word === null) {
      block.push(readRule(text, here));
    } else if (word[1]?.toLowerCase() === 'if') {
      const inner: Rule[] = [];
      const { pattern, rest } = readPattern(word[2] ?? '', here);
      if (rest.trim() !== '')
        throw new MapError(
          `${here}: "${rest.trim()}" after the pattern of an if; a line that begins with a blank continues the line before`,
        );
      block.push({ kind: 'if', pattern, rules: inner });
      open.push({ line: number, rules: inner });
    } else {
      if (word[2] !== '') throw new MapError(`${here}: text after endif`);
      if (open.pop() === undefined) throw new MapError(`${here}: endif without if`);
    }
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined) throw new MapError(`${where(unclosed.line)}: if without endif`);
  return rules;
}

/** Parses `/pattern/flags result`, or the old form `/pattern/flags!/pattern/flags result`. */
function readRule(text: string, here: string): Rule {
  const { pattern, rest } = readPattern(text, here);
  const second = rest.startsWith('!') ? readPattern(rest, here) : undefined;
  const result = (second?.rest ?? rest).trim();
  if (result === '') throw new MapError(`${here}: the pattern has no result; ${ruleWanted}`);
  return { kind: 'match', pattern, unless: second?.pattern, result: readResult(result, pattern, here) };
}

function readPattern(text: string, here: string): { readonly pattern: Pattern; readonly rest: string } {
  const match = /^([!\s]*)([^a-z0-9\s!\\])((?:\\.|(?!\2)[^\\])*)\2([^\s!]*)(.*)$/is.exec(text);
  if (match === null) throw new MapError(`${here}: there is no pattern between two equal delimiters; ${ruleWanted}`);
  const [, marks = '', , source = '', flags = '', rest = ''] = match;
  for (const flag of flags) {
    if (!'imx'.includes(flag)) throw new MapError(`${here}: "${flag}" is not a flag; i, m and x are allowed`);
  }
  const toggled = (flag: string) => flags.split(flag).length % 2 === 0;
  try {
    const regexp = compilePosixRegexp(source, {
      ignoreCase: !toggled('i'),
      multiline: toggled('m'),
      extended: !toggled('x'),
    });
    return { pattern: { regexp, negated: marks.split('!').length % 2 === 0 }, rest };
  } catch (cause) {
    if (!(cause instanceof PosixRegexpError)) throw cause;
    throw new MapError(`${here}: in the pattern "${source}", ${cause.message}`, { cause });
  }
}

function readResult(result: string, { regexp, negated }: Pattern, here: string): readonly TextPart[] {
  const parts = splitMacros(result, here);
  for (const part of parts) {
    if ('literal' in part) continue;
    if (negated) throw new MapError(`${here}: a negated pattern has no groups, so $${part.name} has no value`);
    if (!/^[1-9]\d{0,3}$/.test(part.name) || Number(part.name) > regexp.groups) {
      const allowed = regexp.groups === 0 ? 'the pattern has no groups' : `$1 to $${regexp.groups} are allowed`;
      throw new MapError(`${here}: $${part.name} is not a group of the pattern; ${allowed}; write $$ for a $`);
    }
  }
  return parts;
}

function splitMacros(result: string, here: string): readonly TextPart[] {
  try {
    return parseMacros(result);
  } catch (cause) {
    if (cause instanceof MacroError) throw new MapError(`${here}: in the result, ${cause.message}`, { cause });
    throw cause;
  }
}
