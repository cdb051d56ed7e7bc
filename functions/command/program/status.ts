/** The definition of `lambda-lmtp status`. */

import { Command, Option } from 'commander';
import type { Run } from '../run.ts';
import { parseLength, withOperateOptions } from './options.ts';

/** Defines the command. */
export function statusCommand(run: Run): Command {
  const command = new Command('status')
    .description('Print whether any mail is lost or late, and what to do; exits 0 if all is well, 75 if not')
    .addOption(
      new Option('--late <time>', 'mail that has waited longer is late')
        .default(3_600_000, '1h')
        .argParser(parseLength),
    );
  return withOperateOptions(command).action(async (options) =>
    (await import('../status.ts')).statusAction(run, options),
  );
}
