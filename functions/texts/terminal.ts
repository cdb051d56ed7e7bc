/**
 * Lines for a terminal: wrapped to its width, and coloured. Lines to a file or a pipe stay unchanged.
 */

import { styleText } from 'node:util';

/** Where a command writes. `columns` is the width of a terminal. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
};

/** Columns of a terminal that does not report its width. */
const usualColumns = 100;

/** Returns the columns of an output; undefined where it is no terminal, so that nothing is cut or wrapped. */
export function terminalColumns({ isTTY, columns }: Pick<Output, 'isTTY' | 'columns'>): number | undefined {
  return isTTY === true ? columns || usualColumns : undefined;
}

/** Returns a text as standard output wants it. */
export function forOutput(text: string, { stdout }: { readonly stdout: Output }): string {
  return forTerminal(text, terminalColumns(stdout));
}

/** Returns a text as a terminal shows it. A command behind an arrow stays whole: it is there to be copied. */
export function forTerminal(text: string, columns: number | undefined): string {
  if (columns === undefined) return text;
  return text
    .split('\n')
    .flatMap((line) => (isCommand(line) ? [line] : wrapped(line, columns)).map(coloured))
    .join('\n');
}

/** Returns a text cut to `width` characters; an ellipsis marks the cut. */
export function truncated(text: string, width: number | undefined): string {
  if (width === undefined || text.length <= width) return text;
  return `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** `check` puts the arrow before advice too, which is wrapped. */
const commandPattern = /^ *→ (?:(?:npx )?lambda-lmtp|aws|npx cdk|cd) /;

function isCommand(line: string): boolean {
  return commandPattern.test(line);
}

/** Wraps a line at blanks and indents the rest. A word longer than the line is not cut. */
function wrapped(line: string, columns: number): readonly string[] {
  if (line.length <= columns) return [line];
  const indent = /^ */.exec(line)?.[0] ?? '';
  const hanging = `${indent}  `;
  const lines: string[] = [];
  let current = indent;
  for (const word of line.trim().split(' ')) {
    const isFirst = current.trim() === '';
    if (!isFirst && current.length + 1 + word.length > columns) {
      lines.push(current);
      current = `${hanging}${word}`;
    } else current = isFirst ? `${current}${word}` : `${current} ${word}`;
  }
  return [...lines, current];
}

const colours = [
  [/^All is well/, 'green'],
  [/^(?:Action required|Corrupt:|Malformed:|Overdue:|Dead letters:|Unpublished:)|^✗/, 'red'],
  [/^(?:Mail is late|Some mail may|Late:|Expiring:|Suspended:|In doubt:|Held:)|^! |: not changed: /, 'yellow'],
  [commandPattern, 'cyan'],
] as const;

/** styleText returns the text unchanged if NO_COLOR is set or the output is not a terminal. */
function coloured(line: string): string {
  const [, colour] = colours.find(([pattern]) => pattern.test(line)) ?? [];
  return colour === undefined ? line : styleText(colour, line);
}
