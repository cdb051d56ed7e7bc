/**
 * Escapes foreign text in a report, and wraps lines.
 */

import { escapeControls } from '../smtp/control-characters.ts';

/** Longest line of the human part, short enough to need no transfer encoding. */
export const textWidth = 76;
/** Longest line of a field: RFC 5322 section 2.1.1 asks for 78, and allows 998. */
const fieldWidth = 78;
/** Octets of the longest word: a line may have 998 octets. */
const longestWord = 900;

/**
 * Returns text as one harmless line: line ends and TABs become blanks, other control characters are escaped.
 */
export function oneLine(text: string): string {
  return escapeControls(text.replace(/[\t\r\n]+/g, ' ')).trim();
}

/** Returns the same in US-ASCII; other characters become `?`. */
export function asciiLine(text: string): string {
  return oneLine(text).replace(/[^\x20-\x7e]/gu, '?');
}

/** Wraps a line at blanks; a word that is too long stays whole. */
export function wrap(line: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(/ +/)) {
    const longer = current === '' ? word : `${current} ${word}`;
    if (current !== '' && longer.length > textWidth) {
      lines.push(current);
      current = `${indent}${word}`;
    } else current = longer;
  }
  return [...lines, current].filter((each) => each.trim() !== '');
}

/**
 * Returns a field of a delivery report, folded at blanks (RFC 3464 section 2.1.1). A word longer than any line is
 * broken by a blank, because the line would be refused otherwise.
 */
export function field(name: string, value: string): string {
  const [first = '', ...others] = `${name}: ${value}`.split(/ +/).flatMap(pieces);
  let line = first;
  let folded = '';
  for (const word of others) {
    if (line.trim() !== `${name}:` && line.length + 1 + word.length > fieldWidth) {
      folded += `${line}\r\n`;
      line = `    ${word}`;
    } else line += ` ${word}`;
  }
  return `${folded}${line}\r\n`;
}

/** Returns a word, in pieces if it is longer than any line. */
function pieces(word: string): readonly string[] {
  if (Buffer.byteLength(word) <= longestWord) return word === '' ? [] : [word];
  // A character has at most four octets.
  return word.match(new RegExp(`.{1,${longestWord / 4}}`, 'gsu')) ?? [];
}

/** Returns a time for a header field (RFC 5322 section 3.3), in UTC. */
export function mailDate(milliseconds: number): string {
  return new Date(milliseconds).toUTCString().replace('GMT', '+0000');
}
