/** The definition of `lambda-lmtp delete`. */

import { Command, Option } from 'commander';
import type { Run } from '../run.ts';
import { withChangeOptions } from './options.ts';

/** Defines the command. */
export function deleteCommand(run: Run): Command {
  const command = new Command('delete')
    .description('Take messages out of the queue; with --recipient only those recipients. Asks before it does')
    .option('--bounce', 'tell the sender, with the reason')
    .addOption(
      new Option('--as <status>', 'take those who are in doubt, and no others, for delivered to')
        .choices(['sent'])
        .conflicts('bounce'),
    )
    .option('--yes', 'do not ask');
  return withChangeOptions(command).action(async (ids, options, self) =>
    (await import('../delete.ts')).deleteAction(run, ids, options, self),
  );
}
