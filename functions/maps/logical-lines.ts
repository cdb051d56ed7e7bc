/**
 * Lines of a Postfix table or of main.cf (readllines(3)).
 */

/** A line, joined with its continuation lines. */
export interface LogicalLine {
  /** Number of its first physical line, from 1. */
  readonly number: number;
  readonly text: string;
}

/**
 * Returns the lines of a text. A line that begins with a blank continues the line before. Empty and blank lines, and lines with
 * `#` as their first visible character, are skipped, also between a line and its continuation.
 */
export function logicalLines(text: string): readonly LogicalLine[] {
  const lines: LogicalLine[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const last = lines.at(-1);
    if (/^\s/.test(line) && last !== undefined) lines[lines.length - 1] = { ...last, text: last.text + line };
    else lines.push({ number: index + 1, text: line });
  }
  return lines.map((line) => ({ ...line, text: line.text.trim() }));
}
