/** The definition of `lambda-lmtp queue`. */

import { Command, Option } from 'commander';
import type { Run } from '../run.ts';
import { parseLimit, withFilterOptions, withOperateOptions } from './options.ts';

/** Defines the command. */
export function queueCommand(run: Run): Command {
  const command = new Command('queue')
    .alias('mailq')
    .argument('[id...]', 'queue ids (default: all mail that the options select)')
    .description('List the queue, with the last reply to each recipient')
    .addOption(new Option('--limit <n>', 'list at most this many; 0 = all').default(100).argParser(parseLimit))
    .option('--oldest', 'the oldest mail first; reads the index of the whole queue')
    .option(
      '--brief',
      'one line for each delivery, from the index alone: faster and cheaper, but long replies are cut',
    );
  return withOperateOptions(withFilterOptions(command)).action(async (ids, options, self) =>
    (await import('../queue.ts')).queueAction(run, ids, options, self),
  );
}
