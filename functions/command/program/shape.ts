/** The definition of `lambda-lmtp shape`. */

import { Command, Option } from 'commander';
import type { Run } from '../run.ts';
import { parseLimit, withFilterOptions, withOperateOptions } from './options.ts';

/** Defines the command. */
export function shapeCommand(run: Run): Command {
  const command = new Command('shape')
    .alias('qshape')
    .description(
      'Count waiting mail by age in minutes and by destination: a column counts mail younger than its heading',
    )
    .addOption(new Option('--by <what>', 'what a row is').choices(['destination', 'sender']).default('destination'))
    .addOption(new Option('--limit <n>', 'print at most this many rows; 0 = all').default(0).argParser(parseLimit));
  return withOperateOptions(withFilterOptions(command)).action(async (options) =>
    (await import('../shape.ts')).shapeAction(run, options),
  );
}
