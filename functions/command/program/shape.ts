/** The definition of `lambda-lmtp shape`. */

import { Command, Option } from 'commander';
import type { Run } from '../run.ts';
import { parseLimit, withFilterOptions, withOperateOptions } from './options.ts';

/** Defines the command. */
export function shapeCommand(run: Run): Command {
  const command = new Command('shape')
    .alias('qshape')
    .description('Count what waits, by age in minutes and by destination: a column has what is younger than its head')
    .addOption(new Option('--by <what>', 'what a row is').choices(['destination', 'sender']).default('destination'))
    .addOption(new Option('--limit <n>', 'no more rows than that; 0 = all').default(0).argParser(parseLimit));
  return withOperateOptions(withFilterOptions(command)).action(async (options) =>
    (await import('../shape.ts')).shapeAction(run, options),
  );
}
