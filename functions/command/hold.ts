/**
 * `lambda-lmtp hold`: holds messages, or all mail to a destination (postsuper -h).
 */

import { Command } from 'commander';
import { untilWhen } from '../operator/consequences.ts';
import { holdDestination } from '../operator/destinations.ts';
import { type HoldSpec, holdMessages } from '../operator/messages.ts';
import { wallTime } from '../queue/writes/services.ts';
import { counted } from '../texts/words.ts';
import {
  type ChangeOptions,
  ChangeReport,
  destinationAlone,
  readChanging,
  readSelection,
  withChangeOptions,
  withDefaultStates,
} from './change-options.ts';
import { type EndOptions, readHoldSpec, withEndOptions } from './hold-options.ts';
import { guarded, openOperation } from './operate.ts';

/** Corrupt mail already waits for an operator. */
const live = ['queued', 'active', 'delivering', 'deferred', 'held'] as const;

/** Defines the command. */
export function holdCommand(): Command {
  const command = new Command('hold').description(
    'Hold messages, or with --destination alone all mail to it. Several holds, each with a reason, may apply at once',
  );
  return withChangeOptions(withEndOptions(command)).action(guarded(holdAction));
}

async function holdAction(
  ids: readonly string[],
  options: ChangeOptions & EndOptions,
  command: Command,
): Promise<void> {
  if (options.reason === undefined)
    command.error('error: --reason is missing: the operator who finds the hold needs to know why');
  const operation = await openOperation(options);
  const { services } = operation;
  const spec = readHoldSpec(options, wallTime(services), command);
  const report = new ChangeReport(options, ({ deliveries }) => heldWords(deliveries, spec, options));
  const destination = destinationAlone(ids, options, services);
  if (destination !== undefined) {
    await report.add(await holdDestination(destination, spec, await readChanging(options, operation)));
  } else {
    const selection = withDefaultStates(readSelection(ids, options, services, command), live);
    await report.addAll(holdMessages(selection, spec, await readChanging(options, operation)));
  }
  await report.finish();
}

function heldWords(count: number, { until }: HoldSpec, { whatIf }: ChangeOptions): string {
  const will = whatIf === true ? 'would' : 'will';
  return `${counted(count, 'delivery', 'deliveries')} ${will} not be tried ${untilWhen(until)}`;
}
