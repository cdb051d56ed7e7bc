/**
 * Control characters: the one definition of the characters that act instead of being seen.
 *
 * They are C0, DEL and C1 (`\p{Cc}`), the bidirectional controls of Unicode (`\p{Bidi_Control}`), and the line and paragraph
 * separators (`\p{Zl}`, `\p{Zp}`). They end a line, move a cursor, or turn the text behind them around.
 *
 * Addresses and other text of a request must not contain them. Where foreign text is shown, they are escaped as in JSON, and so are
 * lone surrogates, which are no characters. Replies of a server are the exception: Postfix's printable() replaces with `?`.
 */

/** The control characters as a part of a character class, for expressions with the flag `u`. */
export const controlClass = '\\p{Cc}\\p{Bidi_Control}\\p{Zl}\\p{Zp}';

const control = new RegExp(`[${controlClass}]`, 'u');
const unseen = new RegExp(`[${controlClass}\\p{Cs}]`, 'gu');
const unseenInLines = new RegExp(`(?!\\n)[${controlClass}\\p{Cs}]`, 'gu');

/** Returns the first control character as Unicode names it, such as `U+202E`; `undefined` if there is none. */
export function findControl(text: string): string | undefined {
  const code = control.exec(text)?.[0].codePointAt(0);
  return code === undefined ? undefined : `U+${code.toString(16).padStart(4, '0').toUpperCase()}`;
}

/** Returns the text with control characters and lone surrogates replaced. */
export function replaceControls(text: string, replacement: string): string {
  return text.replace(unseen, replacement);
}

/** Returns the text with control characters and lone surrogates as `\u001b`. */
export function escapeControls(text: string): string {
  return text.replace(unseen, escaped);
}

/** Returns the same for text of several lines: LF stays. */
export function escapeControlsInLines(text: string): string {
  return text.replace(unseenInLines, escaped);
}

/** Returns text as one line: line ends and the blanks around them become one blank, other control characters are escaped. */
export function escapedLine(text: string): string {
  const lines = text.split(/[\r\n]+/);
  const inner = lines.slice(1, -1).map((line) => line.trim());
  const [first = '', last] = [lines[0], lines.at(-1)];
  if (lines.length === 1 || last === undefined) return escapeControls(first);
  return escapeControls([first.trimEnd(), ...inner.filter((line) => line !== ''), last.trimStart()].join(' '));
}

/**
 * Returns a value as JSON that a terminal and a log can show. The escapes are those of JSON: a reader gets the same value.
 *
 * @param indent blanks of a level; absent: one line
 */
export function safeJson(value: unknown, indent?: number): string {
  return escapeControlsInLines(JSON.stringify(value, null, indent) ?? String(value));
}

/** No control character is above U+FFFF. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
