/** The definition of `lambda-lmtp hold`. */

import { Command } from 'commander';
import type { Run } from '../run.ts';
import { withChangeOptions, withEndOptions } from './options.ts';

/** Defines the command. */
export function holdCommand(run: Run): Command {
  const command = new Command('hold').description(
    'Hold messages, or with --destination alone all mail to it. Several holds, each with a reason, may apply at once',
  );
  return withChangeOptions(withEndOptions(command)).action(async (ids, options, self) =>
    (await import('../hold.ts')).holdAction(run, ids, options, self),
  );
}
