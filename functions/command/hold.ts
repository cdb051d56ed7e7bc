/**
 * `lambda-lmtp hold`: holds messages, or all mail to a destination (postsuper -h).
 */

import type { Command } from 'commander';
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
  withDefaultStates,
} from './change-options.ts';
import { type EndOptions, readHoldSpec } from './hold-options.ts';
import { guarded, openOperation } from './operate.ts';
import type { Run } from './run.ts';

/** Corrupt mail already waits for an operator. */
const live = ['queued', 'active', 'delivering', 'deferred', 'held'] as const;

/** Holds what is meant. */
export const holdAction = guarded(holdMeant);

async function holdMeant(
  run: Run,
  ids: readonly string[],
  options: ChangeOptions & EndOptions,
  command: Command,
): Promise<void> {
  if (options.reason === undefined)
    command.error('error: --reason is missing: the operator who finds the hold needs to know why');
  const operation = await openOperation(options, run);
  const { services } = operation;
  const spec = readHoldSpec(options, wallTime(services), command);
  const report = new ChangeReport(run, options, ({ deliveries }) => heldWords(deliveries, spec, options));
  const destination = destinationAlone(ids, options, services);
  if (destination !== undefined) {
    await report.add(await holdDestination(destination, spec, await readChanging(options, operation)));
  } else {
    const selection = withDefaultStates(readSelection(run, ids, options, services, command), live);
    await report.addAll(holdMessages(selection, spec, await readChanging(options, operation)));
  }
  await report.finish();
}

function heldWords(count: number, { until }: HoldSpec, { whatIf }: ChangeOptions): string {
  const will = whatIf === true ? 'would' : 'will';
  return `${counted(count, 'delivery', 'deliveries')} ${will} not be tried ${untilWhen(until)}`;
}
