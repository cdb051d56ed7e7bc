/**
 * `lambda-lmtp hold`: messages, or all mail to a destination, stay where they are (postsuper -h).
 */

import type { Command } from 'commander';
import { untilWhen } from '../operator/consequences.ts';
import { holdDestination } from '../operator/destinations.ts';
import { type HoldWish, holdMessages } from '../operator/messages.ts';
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
import { type EndOptions, readHoldWish } from './hold-options.ts';
import { guarded, openOperation } from './operate.ts';
import type { Run } from './run.ts';

/** What is corrupt waits for a person anyway. */
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
  const wish = readHoldWish(options, wallTime(services), command);
  const report = new ChangeReport(run, options, ({ deliveries }) => heldWords(deliveries, wish, options));
  const destination = destinationAlone(ids, options, services);
  if (destination !== undefined) {
    await report.tell(await holdDestination(destination, wish, await readChanging(options, operation)));
  } else {
    const selection = withDefaultStates(readSelection(run, ids, options, services, command), live);
    await report.tellAll(holdMessages(selection, wish, await readChanging(options, operation)));
  }
  await report.finish();
}

function heldWords(count: number, { until }: HoldWish, { whatIf }: ChangeOptions): string {
  const will = whatIf === true ? 'would' : 'will';
  return `${counted(count, 'delivery', 'deliveries')} ${will} not be tried ${untilWhen(until)}`;
}
