/**
 * `lambda-lmtp release`: what was held goes on (postsuper -H, -r).
 */

import { setTimeout } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { releaseDestination } from '../operator/destinations.ts';
import { type ReleaseWish, releaseMessages } from '../operator/messages.ts';
import type { Changing, OperatorServices } from '../operator/operator.ts';
import { listEntries } from '../operator/selection.ts';
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
import { parseHoldName, triedWords, withRampOption } from './hold-options.ts';
import { guarded, openOperation } from './operate.ts';
import { Progress } from './progress.ts';

/** The options as commander hands them over. */
interface ReleaseOptions extends ChangeOptions {
  readonly hold?: string;
  /** Milliseconds. */
  readonly ramp: number;
}

/** Defines the command. */
export function releaseCommand(): Command {
  const command = new Command('release')
    .description('Let messages go, or with --destination alone all that was held with it')
    .addOption(
      new Option('--hold <name>', 'take only that hold away; others stay (default: all of them)').argParser(
        parseHoldName,
      ),
    );
  return withChangeOptions(withRampOption(command)).action(guarded(releaseAction));
}

async function releaseAction(ids: readonly string[], options: ReleaseOptions, command: Command): Promise<void> {
  const operation = await openOperation(options);
  const { services } = operation;
  const { hold, ramp } = options;
  const wish: ReleaseWish = { ramp, ...(hold === undefined ? {} : { hold }) };
  const report = new ChangeReport(options, ({ tried }) => triedWords(tried, options));
  const destination = destinationAlone(ids, options, services);
  if (destination !== undefined) {
    await releaseAll(destination, wish, await readChanging(options, operation), report, options);
  } else {
    const held = withDefaultStates(readSelection(ids, options, services, command), ['held']);
    await report.tellAll(releaseMessages(held, wish, await readChanging(options, operation)));
  }
  await report.finish();
}

async function releaseAll(
  name: string,
  wish: ReleaseWish,
  changing: Changing,
  report: ChangeReport,
  options: ReleaseOptions,
): Promise<void> {
  const progress = new Progress(options, (released) => `${counted(released, 'delivery', 'deliveries')} released`);
  const { change, released } = await releaseDestination(name, wish, changing, {
    onProgress: progress.note,
    pause: setTimeout,
  });
  progress.clear();
  await report.tell(change);
  if (change.kind !== 'changed') return;
  const waiting = options.whatIf === true ? await countHeld(name, changing.services) : released;
  if (change.isTried === true) await report.remark(triedWords(waiting, options));
}

async function countHeld(destination: string, { queries }: OperatorServices): Promise<number> {
  let count = 0;
  for await (const { summary } of listEntries({ states: ['held'], destination }, queries)) {
    if (summary.held === undefined) count += 1;
  }
  return count;
}
