/**
 * `lambda-lmtp flush`: what waits is tried now (postqueue -f, -i, -s).
 */

import { Command } from 'commander';
import { reopenDestinations } from '../operator/destinations.ts';
import { flushMessages } from '../operator/messages.ts';
import type { Selection } from '../operator/selection.ts';
import { waitingForTime } from '../operator/waiting.ts';
import {
  type ChangeOptions,
  ChangeReport,
  destinationAlone,
  readChanging,
  readSelection,
  withChangeOptions,
} from './change-options.ts';
import { isFiltered } from './filter-options.ts';
import { withRampOption } from './hold-options.ts';
import { guarded, openOperation } from './operate.ts';

/** The options as commander hands them over. */
interface FlushOptions extends ChangeOptions {
  readonly all?: true;
  /** Milliseconds. */
  readonly ramp: number;
}

/** Defines the command. */
export function flushCommand(): Command {
  const command = new Command('flush')
    .description('Try waiting messages now; with --all or --destination, suspended destinations are opened too')
    .option('--all', 'everything that waits');
  return withChangeOptions(withRampOption(command)).action(guarded(flushAction));
}

async function flushAction(ids: readonly string[], options: FlushOptions, command: Command): Promise<void> {
  const { all, destination } = options;
  const hasOthers = ids.length > 0 || isFiltered(options) || destination !== undefined;
  if (all === true && hasOthers)
    command.error('error: --all goes without ids and without options that look for messages');
  const operation = await openOperation(options);
  const { services } = operation;
  const selection: Selection =
    all === true
      ? { kind: 'filter', filter: {} }
      : readSelection(ids, options, services, command, '--all, --destination, or options that look for messages,');
  const changing = await readChanging(options, operation);
  const alone = destinationAlone(ids, options, services);
  const report = new ChangeReport(options);
  // First: what is tried while its destination counts as dead only waits again.
  if (all === true) await report.tellAll(reopenDestinations(undefined, changing));
  else if (alone !== undefined) await report.tellAll(reopenDestinations(alone, changing));
  await report.tellAll(flushMessages(waitingForTime(selection, services), options.ramp, changing));
  await report.finish();
}
