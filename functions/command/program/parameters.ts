/** The definition of `lambda-lmtp parameters`. */

import { Command } from 'commander';
import type { Run } from '../run.ts';
import { collect } from './options.ts';

/** Defines the command. */
export function parametersCommand(run: Run): Command {
  return new Command('parameters')
    .description(
      'Show parameters with value, default and meaning; those that are named, with all that is known of them',
    )
    .argument('[name...]', 'parameters by their Postfix names, also those that cannot be set here')
    .option('--parameter <name=value>', 'set one, to see what comes of it; may be given several times', collect, [])
    .option('--changed', 'only those that --parameter sets to something else than their default')
    .option('--json', 'print JSON lines')
    .action(async (names, options, self) =>
      (await import('../parameters.ts')).parametersAction(run, names, options, self),
    );
}
