/**
 * Lines as a terminal shows them: wrapped to its width, with colour where it wants some. Into a file or a pipe they go whole.
 */

import { styleText } from 'node:util';

/** Where a command writes. `columns` is the width of a terminal. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
};

/** Columns of a terminal that does not say how many it has. */
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

/** Returns a text of at most so many characters; what is left out shows as an ellipsis. */
export function truncated(text: string, width: number | undefined): string {
  if (width === undefined || text.length <= width) return text;
  return `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** The arrow of `check` stands before advice too, which is wrapped. */
const commandPattern = /^ *→ (?:(?:npx )?lambda-lmtp|aws) /;

function isCommand(line: string): boolean {
  return commandPattern.test(line);
}

/** Cuts a line at blanks; its rest is indented below. A word that is longer than a line stays whole. */
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

/** styleText leaves the text alone where NO_COLOR is set, or the output is no terminal. */
function coloured(line: string): string {
  const [, colour] = colours.find(([pattern]) => pattern.test(line)) ?? [];
  return colour === undefined ? line : styleText(colour, line);
}
