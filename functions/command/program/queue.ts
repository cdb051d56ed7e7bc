/** The definition of `lambda-lmtp queue`. */

import { Command, Option } from 'commander';
import type { Run } from '../run.ts';
import { parseLimit, withFilterOptions, withOperateOptions } from './options.ts';

/** Defines the command. */
export function queueCommand(run: Run): Command {
  const command = new Command('queue')
    .alias('mailq')
    .argument('[id...]', 'queue ids; without any, whatever the options look for')
    .description('List what is in the queue, with what was said to each recipient last')
    .addOption(new Option('--limit <n>', 'no more than that; 0 = all').default(100).argParser(parseLimit))
    .option('--oldest', 'what arrived first, first: looks through the whole queue')
    .option('--brief', 'one line each, from the index alone: faster and cheaper, with long replies cut');
  return withOperateOptions(withFilterOptions(command)).action(async (ids, options, self) =>
    (await import('../queue.ts')).queueAction(run, ids, options, self),
  );
}
