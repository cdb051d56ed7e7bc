/**
 * Bracket expressions (regex(7)): `[abc]`, `[^a-z]`, `[[:alpha:]_]`, `[]x]`, `[[.-.]]`, `[[=a=]]`. A backslash has no
 * special meaning in them.
 */

import { type CharacterTest, PosixRegexpError } from './posix-syntax.ts';

const classes: Readonly<Record<string, RegExp>> = {
  alnum: /[\p{L}\p{N}]/u,
  alpha: /\p{L}/u,
  blank: /[ \t]/,
  cntrl: /\p{Cc}/u,
  digit: /[0-9]/,
  graph: /[^\s\p{C}]/u,
  lower: /\p{Ll}/u,
  print: /[^\p{C}\t\n\v\f\r]/u,
  punct: /[\p{P}\p{S}]/u,
  space: /\s/,
  upper: /\p{Lu}/u,
  xdigit: /[0-9A-Fa-f]/,
};

/**
 * Parses the expression at the beginning of a text.
 *
 * @throws PosixRegexpError when it does not end, or names an unknown class
 */
export function readBracket(
  text: string,
  { ignoreCase, multiline }: { readonly ignoreCase: boolean; readonly multiline: boolean },
): { readonly test: CharacterTest; readonly length: number } {
  const negated = text.startsWith('[^');
  let at = negated ? 2 : 1;
  const tests: CharacterTest[] = [];
  // As the first character, a closing bracket is literal.
  while (tests.length === 0 || text.charAt(at) !== ']') {
    const { test, length } = readElement(text.slice(at));
    tests.push(test);
    at += length;
  }
  const among: CharacterTest = (c) => tests.some((test) => test(c));
  const cased = ignoreCase ? (c: number) => [c, ...otherCases(c)].some(among) : among;
  const outside: CharacterTest = (c) => !cased(c) && !(multiline && c === 0x0a);
  return { test: negated ? outside : cased, length: at + 1 };
}

/** A character, a range, or a class. */
function readElement(text: string): { readonly test: CharacterTest; readonly length: number } {
  const named = /^\[:(\w*):\]/.exec(text);
  if (named !== null) {
    const characters = classes[named[1] ?? ''];
    if (characters === undefined) {
      throw new PosixRegexpError(`there is no class [:${named[1]}:]; allowed are ${Object.keys(classes).join(', ')}`);
    }
    return { test: (c) => characters.test(String.fromCodePoint(c)), length: named[0].length };
  }
  const from = readEnd(text);
  const behind = text.slice(from.length);
  if (!/^-[^\]]/.test(behind)) return { test: (c) => c === from.code, length: from.length };
  const to = readEnd(behind.slice(1));
  if (to.code < from.code) throw new PosixRegexpError('a range whose end is before its beginning');
  return { test: (c) => c >= from.code && c <= to.code, length: from.length + 1 + to.length };
}

/** Parses one end of a range: a character, or `[.x.]` or `[=x=]`, which mean that character alone. */
function readEnd(text: string): { readonly code: number; readonly length: number } {
  const collating = /^\[([.=])(.)\1\]/su.exec(text);
  const character = collating?.[2] ?? text.slice(0, (text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1);
  if (character === '') throw new PosixRegexpError('a bracket without an end');
  return { code: character.codePointAt(0) ?? 0, length: collating?.[0].length ?? character.length };
}

function otherCases(character: number): readonly number[] {
  const text = String.fromCodePoint(character);
  return [text.toLowerCase(), text.toUpperCase()].map((other) => other.codePointAt(0) ?? character);
}
