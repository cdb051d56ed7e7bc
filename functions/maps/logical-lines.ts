/**
 * Lines of a Postfix table or of main.cf (readllines(3)).
 */

/** A line with those that continue it, joined as they stand. */
export interface LogicalLine {
  /** Number of its first physical line, from 1. */
  readonly number: number;
  readonly text: string;
}

/**
 * Reads lines. A line that begins with a blank continues the one before. Lines that are empty, blank, or have `#` as their
 * first visible character are passed over, also between a line and its continuation.
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
