/**
 * Asks whoever sits at the terminal.
 */

import { createInterface } from 'node:readline/promises';
import { Failure } from './failure.ts';
import type { Run } from './run.ts';

/**
 * Whether the answer is yes.
 *
 * @throws Failure where nobody can be asked
 */
export async function confirm(question: string, { stdin, stderr }: Run): Promise<boolean> {
  if (stdin.isTTY !== true || stderr.isTTY !== true) {
    throw new Failure('usage', '--yes is wanted where nobody can be asked; --what-if says what would be changed');
  }
  const terminal = createInterface({ input: stdin, output: stderr });
  try {
    return /^\s*y(?:es)?\s*$/i.test(await terminal.question(`${question} [y/N] `));
  } finally {
    terminal.close();
  }
}
