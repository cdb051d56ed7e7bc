/**
 * `lambda-lmtp hold`: messages, or all mail to a destination, stay where they are (postsuper -h).
 */

import { Command } from 'commander';
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
  withChangeOptions,
  withDefaultStates,
} from './change-options.ts';
import { type EndOptions, readHoldWish, withEndOptions } from './hold-options.ts';
import { guarded, openOperation } from './operate.ts';

/** What is corrupt waits for a person anyway. */
const live = ['queued', 'active', 'delivering', 'deferred', 'held'] as const;

/** Defines the command. */
export function holdCommand(): Command {
  const command = new Command('hold').description(
    'Hold messages, or with --destination alone all mail to it; several may hold the same thing, each for a reason',
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
  const wish = readHoldWish(options, wallTime(services), command);
  const report = new ChangeReport(options, ({ deliveries }) => heldWords(deliveries, wish, options));
  const destination = destinationAlone(ids, options, services);
  if (destination !== undefined) {
    await report.tell(await holdDestination(destination, wish, await readChanging(options, operation)));
  } else {
    const selection = withDefaultStates(readSelection(ids, options, services, command), live);
    await report.tellAll(holdMessages(selection, wish, await readChanging(options, operation)));
  }
  await report.finish();
}

function heldWords(count: number, { until }: HoldWish, { whatIf }: ChangeOptions): string {
  const will = whatIf === true ? 'would' : 'will';
  return `${counted(count, 'delivery', 'deliveries')} ${will} not be tried ${untilWhen(until)}`;
}
