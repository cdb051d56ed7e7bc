/** The definition of `lambda-lmtp delete`. */

import { Command, Option } from 'commander';
import type { Run } from '../run.ts';
import { withChangeOptions } from './options.ts';

/** Defines the command. */
export function deleteCommand(run: Run): Command {
  const command = new Command('delete')
    .description('Remove messages from the queue; with --recipient only those recipients. Asks for confirmation')
    .option('--bounce', 'send a bounce with the reason to the sender')
    .addOption(
      new Option('--as <status>', 'record the recipients in doubt, and no others, as delivered')
        .choices(['sent'])
        .conflicts('bounce'),
    )
    .option('--yes', 'do not ask for confirmation');
  return withChangeOptions(command).action(async (ids, options, self) =>
    (await import('../delete.ts')).deleteAction(run, ids, options, self),
  );
}
