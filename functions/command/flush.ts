/**
 * `lambda-lmtp flush`: tries mail now that waits for its due time (postqueue -f, -i, -s).
 */

import type { Command } from 'commander';
import { flush } from '../operator/flush.ts';
import type { Selection } from '../operator/selection.ts';
import { waitingForTime } from '../operator/selection.ts';
import { counted } from '../texts/words.ts';
import { type ChangeOptions, ChangeReport, destinationAlone, readChanging, readSelection } from './change-options.ts';
import { isFiltered } from './filter-options.ts';
import { triedWords } from './hold-options.ts';
import { guarded, openOperation } from './operate.ts';
import type { Run } from './run.ts';

/** The options as commander hands them over. */
interface FlushOptions extends ChangeOptions {
  readonly all?: true;
  /** Milliseconds. */
  readonly ramp: number;
}

/** Has tried now what is meant. */
export const flushAction = guarded(flushMeant);

async function flushMeant(run: Run, ids: readonly string[], options: FlushOptions, command: Command): Promise<void> {
  const { all, destination } = options;
  const hasOthers = ids.length > 0 || isFiltered(options) || destination !== undefined;
  if (all === true && hasOthers)
    command.error('error: --all cannot be combined with ids or with options that select messages');
  const operation = await openOperation(options, run);
  const { services } = operation;
  const selection: Selection =
    all === true
      ? { kind: 'filter', filter: {} }
      : readSelection(run, ids, options, services, command, '--all, --destination, or options that select messages');
  const changing = await readChanging(options, operation);
  const alone = destinationAlone(ids, options, services);
  const report = new ChangeReport(run, options, ({ tried }) => triedWords(tried, options));
  let placed = 0;
  const waiting = waitingForTime(selection, services, () => {
    placed += 1;
  });
  const spec = {
    selection: waiting,
    ramp: options.ramp,
    reopens: all === true ? 'all' : asDestination(alone),
  } as const;
  await report.addAll(flush(spec, changing));
  await report.finish({ countsDeliveries: true });
  if (placed > 0) {
    const words = counted(placed, 'delivery is', 'deliveries are');
    await report.remark(`${words} due already, and will be tried as soon as a place in active is free`);
  }
}

function asDestination(destination: string | undefined) {
  return destination === undefined ? 'none' : { destination };
}
