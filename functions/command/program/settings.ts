/** The definitions of `lambda-lmtp settings`, `set`, `unset` and `revert`. */

import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type { Run } from '../run.ts';
import { parseLength, parseMoment, withOperateOptions, withOrderOptions } from './options.ts';

/** Defines `settings`. */
export function settingsCommand(run: Run): Command {
  const command = new Command('settings')
    .description(
      'Show the parameters of a running stack that are not the default, and where each comes from (postconf -n)',
    )
    .argument('[name...]', 'parameters by their Postfix names')
    .option('--all', 'all parameters')
    .option('--history', 'the versions of what was set without a deployment, latest first');
  return withOperateOptions(command).action(async (names, options) =>
    (await import('../settings.ts')).settingsAction(run, names, options),
  );
}

/** Defines `set`. */
export function setCommand(run: Run): Command {
  const command = new Command('set')
    .description('Set parameters of a running stack without a deployment; its functions use them within a minute')
    .argument('<name=value...>', 'parameters by their Postfix names, such as debug_peer_list=10.0.3.7')
    .addOption(
      new Option('--for <time>', 'the value of before returns after this time: 10m, 2h, 1d')
        .argParser(parseLength)
        .conflicts('until'),
    )
    .addOption(
      new Option('--until <moment>', 'the value of before returns at this time: 2026-11-22T08:00:00Z').argParser(
        parseMoment,
      ),
    );
  return withOrderOptions(command).action(async (assignments, options, self) =>
    (await import('../settings.ts')).setAction(run, assignments, options, self),
  );
}

/** Defines `unset`. */
export function unsetCommand(run: Run): Command {
  const command = new Command('unset')
    .description('Return parameters that were set to the values of the deployment')
    .argument('<name...>', 'parameters by their Postfix names');
  return withOrderOptions(command).action(async (names, options) =>
    (await import('../settings.ts')).unsetAction(run, names, options),
  );
}

/** Defines `revert`. */
export function revertCommand(run: Run): Command {
  const command = new Command('revert')
    .description('Return to the settings of an earlier version')
    .addArgument(
      new Argument(
        '[version]',
        'a version of settings --history; 0 is the deployment (default: the one before)',
      ).argParser(parseVersion),
    );
  return withOrderOptions(command).action(async (version, options) =>
    (await import('../settings.ts')).revertAction(run, version, options),
  );
}

function parseVersion(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Expected a whole number.');
}
