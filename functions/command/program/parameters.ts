/** The definition of `lambda-lmtp parameters`. */

import { Command } from 'commander';
import type { Run } from '../run.ts';
import { collect } from './options.ts';

/** Defines the command. */
export function parametersCommand(run: Run): Command {
  return new Command('parameters')
    .description('Show parameters with value, default and meaning; named ones with all details')
    .argument('[name...]', 'Postfix names of parameters, including those that cannot be set here')
    .option('--parameter <name=value>', 'set a parameter and show the result; may be given several times', collect, [])
    .option('--changed', 'only parameters that --parameter changes from their default')
    .option('--json', 'print JSON lines')
    .action(async (names, options, self) =>
      (await import('../parameters.ts')).parametersAction(run, names, options, self),
    );
}
