/**
 * `lambda-lmtp release`: releases held messages, or a held destination (postsuper -H, -r).
 */

import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { releaseDestination } from '../operator/destinations.ts';
import { type ReleaseSpec, releaseMessages } from '../operator/messages.ts';
import type { Changing, OperatorServices } from '../operator/operator.ts';
import { listEntries } from '../operator/selection.ts';
import { counted } from '../texts/words.ts';
import {
  type ChangeOptions,
  ChangeReport,
  destinationAlone,
  readChanging,
  readSelection,
  withDefaultStates,
} from './change-options.ts';
import { triedWords } from './hold-options.ts';
import { guarded, openOperation } from './operate.ts';
import { Progress } from './progress.ts';
import type { Run } from './run.ts';

/** The options as commander hands them over. */
interface ReleaseOptions extends ChangeOptions {
  readonly hold?: string;
  /** Milliseconds. */
  readonly ramp: number;
}

/** Lets go what is meant. */
export const releaseAction = guarded(releaseMeant);

async function releaseMeant(
  run: Run,
  ids: readonly string[],
  options: ReleaseOptions,
  command: Command,
): Promise<void> {
  const operation = await openOperation(options, run);
  const { services } = operation;
  const { hold, ramp } = options;
  const spec: ReleaseSpec = { ramp, ...(hold === undefined ? {} : { hold }) };
  const report = new ChangeReport(run, options, ({ tried }) => triedWords(tried, options));
  const destination = destinationAlone(ids, options, services);
  if (destination !== undefined) {
    await releaseAll(destination, spec, await readChanging(options, operation), { run, report, options });
  } else {
    const held = withDefaultStates(readSelection(run, ids, options, services, command), ['held']);
    await report.addAll(releaseMessages(held, spec, await readChanging(options, operation)));
  }
  await report.finish();
}

/** How it is told. */
interface Telling {
  readonly run: Run;
  readonly report: ChangeReport;
  readonly options: ReleaseOptions;
}

async function releaseAll(
  name: string,
  spec: ReleaseSpec,
  changing: Changing,
  { run, report, options }: Telling,
): Promise<void> {
  const progress = new Progress(run, options, (released) => `${counted(released, 'delivery', 'deliveries')} released`);
  const { change, released } = await releaseDestination(name, spec, changing, {
    onProgress: progress.note,
    pause: setTimeout,
  });
  progress.clear();
  await report.add(change);
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
