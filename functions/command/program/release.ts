/** The definition of `lambda-lmtp release`. */

import { Command, Option } from 'commander';
import type { Run } from '../run.ts';
import { parseHoldName, withChangeOptions, withRampOption } from './options.ts';

/** Defines the command. */
export function releaseCommand(run: Run): Command {
  const command = new Command('release')
    .description('Let messages go, or with --destination alone all that was held with it')
    .addOption(
      new Option('--hold <name>', 'take only that hold away; others stay (default: all of them)').argParser(
        parseHoldName,
      ),
    );
  return withChangeOptions(withRampOption(command)).action(async (ids, options, self) =>
    (await import('../release.ts')).releaseAction(run, ids, options, self),
  );
}
