/** The definition of `lambda-lmtp release`. */

import { Command, Option } from 'commander';
import type { Run } from '../run.ts';
import { parseHoldName, withChangeOptions, withRampOption } from './options.ts';

/** Defines the command. */
export function releaseCommand(run: Run): Command {
  const command = new Command('release')
    .description('Release held messages, or with --destination alone the destination and all mail held with it')
    .addOption(new Option('--hold <name>', 'remove only this hold (default: all)').argParser(parseHoldName));
  return withChangeOptions(withRampOption(command)).action(async (ids, options, self) =>
    (await import('../release.ts')).releaseAction(run, ids, options, self),
  );
}
