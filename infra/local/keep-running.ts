/**
 * A stack that is left running: how to use it from another terminal, and its screens in a browser, until Ctrl-C.
 */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nextLine, shellQuoted } from '../../functions/texts/next-command.ts';
import type { LocalStack } from './local-stack.ts';
import { serveScreens } from './screens.ts';

/** What to try on a stack without trouble. */
const firstSteps = [
  'Then, for example:',
  nextLine(['submit', '--sender', 'alice@example.org', '--recipient', 'bob@example.com', 'my.eml']),
  nextLine(['queue']),
  'Also: status, shape, explain, flush, hold, release, requeue, delete, log --since 1h',
];

/**
 * Leaves the stack running until the signal; writes the file with its variables first.
 *
 * @param steps lines that say what to try; commands on lines of their own
 */
export async function keepRunning(
  stack: LocalStack,
  signal: AbortSignal,
  say: (line: string) => void,
  steps: readonly string[] = firstSteps,
): Promise<void> {
  const file = join(stack.directory, 'environment');
  const lines = Object.entries(stack.variables).map(([name, value]) => `export ${name}=${shellQuoted(value)}\n`);
  await writeFile(file, lines.join(''));
  say('\nThe stack runs until Ctrl-C. In another terminal, in this folder, first:');
  say(`→ . ${shellQuoted(file)}`);
  for (const step of steps) say(step);
  const screens = await serveScreens(stack.functions);
  say('The screens of the dashboard, in a browser:');
  say(`→ ${screens.endpoint}/`);
  if (!signal.aborted) await once(signal, 'abort');
  await screens.close();
}
