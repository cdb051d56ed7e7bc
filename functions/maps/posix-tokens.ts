/**
 * The pieces of a POSIX regular expression (regex(7)), in its extended and its basic syntax, with what glibc adds: `\w \W \s
 * \S \b \B \< \> \` \'`, and `\+ \? \|` in the basic one.
 */

import { readBracket } from './posix-bracket.ts';
import { type CharacterTest, type PlaceTest, PosixRegexpError, type PosixSyntax, type Token } from './posix-syntax.ts';

/** Longest pattern in characters. */
const longestPattern = 2000;

/** Largest number in an interval (RE_DUP_MAX of POSIX). */
const largestCount = 255;

const newline = 0x0a;

/**
 * Splits an expression into tokens.
 *
 * @throws PosixRegexpError with the fault
 */
export function tokenise(pattern: string, syntax: PosixSyntax): readonly Token[] {
  if (pattern.length > longestPattern) throw new PosixRegexpError(`more than ${longestPattern} characters`);
  const tokens: Token[] = [];
  let depth = 0;
  let rest = pattern;
  while (rest !== '') {
    const { token, length } = syntax.extended
      ? readExtended(rest, syntax, depth)
      : readBasic(rest, syntax, tokens.at(-1));
    if (token.kind === 'open') depth++;
    if (token.kind === 'close') depth--;
    tokens.push(token);
    rest = rest.slice(length);
  }
  return tokens;
}

interface Taken {
  readonly token: Token;
  /** In UTF-16 units. */
  readonly length: number;
}

function readExtended(rest: string, syntax: PosixSyntax, depth: number): Taken {
  const character = rest.charAt(0);
  if (character === '\\') return readEscape(rest, syntax);
  switch (character) {
    case '(':
      return { token: { kind: 'open' }, length: 1 };
    case ')':
      // Without an opening bracket it is literal.
      return depth > 0 ? { token: { kind: 'close' }, length: 1 } : literal(rest, syntax);
    case '|':
      return { token: { kind: 'or' }, length: 1 };
    case '{':
      return readInterval(rest, /^\{(\d*)(?:(,)(\d*))?\}/);
    case '^':
      return place(atBegin(syntax));
    case '$':
      return place(atEnd(syntax));
    case '+':
      return repeat(1, Number.POSITIVE_INFINITY);
    case '?':
      return repeat(0, 1);
    default:
      return readCommon(rest, syntax);
  }
}

function readBasic(rest: string, syntax: PosixSyntax, last: Token | undefined): Taken {
  const atStart = last === undefined || last.kind === 'open' || last.kind === 'or';
  const operators: Readonly<Record<string, () => Taken>> = {
    '\\(': () => ({ token: { kind: 'open' }, length: 2 }),
    '\\)': () => ({ token: { kind: 'close' }, length: 2 }),
    '\\|': () => ({ token: { kind: 'or' }, length: 2 }),
    '\\+': () => ({ ...repeat(1, Number.POSITIVE_INFINITY), length: 2 }),
    '\\?': () => ({ ...repeat(0, 1), length: 2 }),
    '\\{': () => readInterval(rest, /^\\\{(\d*)(?:(,)(\d*))?\\\}/),
  };
  const operator = operators[rest.slice(0, 2)];
  if (operator !== undefined) return operator();
  if (rest.startsWith('\\')) return readEscape(rest, syntax);
  if (rest.startsWith('*') && (atStart || last?.kind === 'place')) return literal(rest, syntax);
  if (rest.startsWith('^') && atStart) return place(atBegin(syntax));
  if (/^\$(?:$|\\[)|])/.test(rest)) return place(atEnd(syntax));
  return readCommon(rest, syntax);
}

/** Tokens of both syntaxes. */
function readCommon(rest: string, syntax: PosixSyntax): Taken {
  if (rest.startsWith('*')) return repeat(0, Number.POSITIVE_INFINITY);
  if (rest.startsWith('.')) {
    return { token: { kind: 'character', test: syntax.multiline ? (c) => c !== newline : () => true }, length: 1 };
  }
  if (rest.startsWith('[')) {
    const { test, length } = readBracket(rest, syntax);
    return { token: { kind: 'character', test }, length };
  }
  return literal(rest, syntax);
}

function readEscape(rest: string, syntax: PosixSyntax): Taken {
  const character = rest.charAt(1);
  if (character === '') throw new PosixRegexpError('a backslash at its end');
  if (/[1-9]/.test(character)) throw new PosixRegexpError(`\\${character} is a back reference, which is not supported`);
  const word: CharacterTest = (c) => /[\p{L}\p{N}_]/u.test(String.fromCodePoint(c));
  const blank: CharacterTest = (c) => /\s/.test(String.fromCodePoint(c));
  const isWord = (c: number | undefined) => c !== undefined && word(c);
  const characters: Readonly<Record<string, CharacterTest>> = {
    w: word,
    W: (c) => !word(c),
    s: blank,
    S: (c) => !blank(c),
  };
  const places: Readonly<Record<string, PlaceTest>> = {
    b: (before, after) => isWord(before) !== isWord(after),
    B: (before, after) => isWord(before) === isWord(after),
    '<': (before, after) => !isWord(before) && isWord(after),
    '>': (before, after) => isWord(before) && !isWord(after),
    '`': (before) => before === undefined,
    "'": (_, after) => after === undefined,
  };
  const placeTest = places[character];
  if (placeTest !== undefined) return { ...place(placeTest), length: 2 };
  const test = characters[character];
  if (test !== undefined) return { token: { kind: 'character', test }, length: 2 };
  const { token, length } = literal(rest.slice(1), syntax);
  return { token, length: length + 1 };
}

function readInterval(rest: string, form: RegExp): Taken {
  const match = form.exec(rest);
  const [whole = '', from = '', comma = '', to = ''] = match ?? [];
  if (match === null || (from === '' && to === '')) {
    throw new PosixRegexpError('braces without a count: write {n}, {n,} or {n,m}');
  }
  const min = Number(from || 0);
  const max = comma === '' ? min : to === '' ? Number.POSITIVE_INFINITY : Number(to);
  if (max < min || min > largestCount || (Number.isFinite(max) && max > largestCount)) {
    throw new PosixRegexpError(`"${whole}" is not a range from 0 to ${largestCount}`);
  }
  return { ...repeat(min, max), length: whole.length };
}

function literal(rest: string, { ignoreCase }: PosixSyntax): Taken {
  const code = rest.codePointAt(0) ?? 0;
  const character = String.fromCodePoint(code);
  const lower = character.toLowerCase();
  const test: CharacterTest = ignoreCase
    ? (c) => c === code || String.fromCodePoint(c).toLowerCase() === lower
    : (c) => c === code;
  return { token: { kind: 'character', test }, length: character.length };
}

function repeat(min: number, max: number): Taken {
  return { token: { kind: 'repeat', min, max }, length: 1 };
}

function place(test: PlaceTest): Taken {
  return { token: { kind: 'place', test }, length: 1 };
}

function atBegin({ multiline }: PosixSyntax): PlaceTest {
  return (before) => before === undefined || (multiline && before === newline);
}

function atEnd({ multiline }: PosixSyntax): PlaceTest {
  return (_, after) => after === undefined || (multiline && after === newline);
}
