/** The definition of `lambda-lmtp requeue`. */

import { Command } from 'commander';
import type { Run } from '../run.ts';
import { collect, withIds, withOrderOptions } from './options.ts';

/** Defines the command. */
export function requeueCommand(run: Run): Command {
  const command = new Command('requeue')
    .description('Repair a corrupt message or request and queue it again, with its id and time of arrival')
    .option('--edit', 'open the request in the editor that VISUAL or EDITOR names')
    .option('--set <field=value>', 'set a field, such as message.key=in/x.eml; may be given several times', collect, [])
    .option('--unset <field>', 'remove a field; may be given several times', collect, [])
    .option('--with <file>', 'replace the request by that of a file ("-" = standard input)');
  return withOrderOptions(withIds(command)).action(async (ids, options, self) =>
    (await import('../requeue.ts')).requeueAction(run, ids, options, self),
  );
}
