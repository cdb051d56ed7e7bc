/**
 * A question at the terminal.
 */

import { createInterface } from 'node:readline/promises';
import { Failure } from './failure.ts';
import type { Run } from './run.ts';

/**
 * Asks a question, and returns whether the answer is yes.
 *
 * @throws Failure without a terminal
 */
export async function confirm(question: string, { stdin, stderr }: Run): Promise<boolean> {
  if (stdin.isTTY !== true || stderr.isTTY !== true) {
    throw new Failure(
      'usage',
      'there is no terminal to ask for confirmation; add --yes, or --what-if to print what would change',
    );
  }
  const terminal = createInterface({ input: stdin, output: stderr });
  try {
    return /^\s*y(?:es)?\s*$/i.test(await terminal.question(`${question} [y/N] `));
  } finally {
    terminal.close();
  }
}
