/**
 * Foreign text in a report: made harmless, and laid out in lines.
 */

/** Longest line of the human part: no transfer encoding is needed up to there. */
export const textWidth = 76;
/** Longest line of a field: RFC 5322 section 2.1.1 asks for 78, and allows 998. */
const fieldWidth = 78;
/** Octets of the longest word: a line may have 998, whatever it is written in. */
const longestWord = 900;

/**
 * One line that says no more than it shows: line ends and control characters become blanks or `?`, marks that turn the
 * direction of writing or end lines for some readers become `?`.
 */
export function oneLine(text: string): string {
  return text
    .replace(/[\t\r\n]+/g, ' ')
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '?')
    .trim();
}

/** The same in US-ASCII; each character outside it becomes `?`. */
export function asciiLine(text: string): string {
  return oneLine(text).replace(/[^\x20-\x7e]/gu, '?');
}

/** Wraps a line at blanks; what is too long for a line of its own sticks out. */
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
 * A field of a delivery report, folded at blanks (RFC 3464 section 2.1.1). A word that no line could hold is broken: its
 * reader gets a blank too many, where the line would have been refused.
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

/** A word, in pieces where no line could hold it. */
function pieces(word: string): readonly string[] {
  if (Buffer.byteLength(word) <= longestWord) return word === '' ? [] : [word];
  // Four octets at most for each character.
  return word.match(new RegExp(`.{1,${longestWord / 4}}`, 'gsu')) ?? [];
}

/** A time as header fields have it (RFC 5322 section 3.3), in UTC. */
export function mailDate(milliseconds: number): string {
  return new Date(milliseconds).toUTCString().replace('GMT', '+0000');
}
