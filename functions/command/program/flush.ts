/** The definition of `lambda-lmtp flush`. */

import { Command } from 'commander';
import type { Run } from '../run.ts';
import { withChangeOptions, withRampOption } from './options.ts';

/** Defines the command. */
export function flushCommand(run: Run): Command {
  const command = new Command('flush')
    .description('Try waiting messages now; --all and --destination also clear suspensions. Held mail stays held')
    .option('--all', 'all mail that waits for its due time');
  return withChangeOptions(withRampOption(command)).action(async (ids, options, self) =>
    (await import('../flush.ts')).flushAction(run, ids, options, self),
  );
}
