/** The definition of `lambda-lmtp explain`. */

import { Command } from 'commander';
import type { Run } from '../run.ts';
import { withOperateOptions } from './options.ts';

/** Defines the command. */
export function explainCommand(run: Run): Command {
  const command = new Command('explain')
    .description('Print the story of a message from its arrival to its next attempt, or the state of a destination')
    .argument('<id-or-destination>', 'a queue id, ID/0000, or a next-hop such as inet:host:24');
  return withOperateOptions(command).action(async (name, options) =>
    (await import('../explain.ts')).explainAction(run, name, options),
  );
}
