/**
 * `lambda-lmtp delete`: removes messages from the queue (postsuper -d), with or without a bounce; or records recipients in doubt
 * as delivered.
 */

import type { Command } from 'commander';
import { type RemovalSpec, removeMessages } from '../operator/messages.ts';
import { listEntries, type Selection } from '../operator/selection.ts';
import { counted } from '../texts/words.ts';
import { type ChangeOptions, ChangeReport, readChanging, readSelection } from './change-options.ts';
import type { Operation } from './compose-operator.ts';
import { confirm } from './confirm.ts';
import { isFiltered } from './filter-options.ts';
import { guarded, openOperation } from './operate.ts';
import type { Run } from './run.ts';

/** The options as commander hands them over. */
interface DeleteOptions extends ChangeOptions {
  readonly bounce?: true;
  readonly as?: 'sent';
  readonly yes?: true;
}

/** Takes out what is meant. */
export const deleteAction = guarded(remove);

async function remove(run: Run, ids: readonly string[], options: DeleteOptions, command: Command): Promise<void> {
  if (options.bounce === true && options.reason === undefined) {
    command.error('error: --reason is missing: the bounce contains it');
  }
  const operation = await openOperation(options, run);
  const { services } = operation;
  const { recipient, ...others } = options;
  // With ids, --recipient names recipients of those messages; without, it also selects the messages.
  const conditions = ids.length > 0 ? others : options;
  const selection = readSelection(run, ids, conditions, services, command, 'or options that select messages');
  const spec: RemovalSpec = {
    as: options.as ?? (options.bounce === true ? 'bounced' : 'removed'),
    ...(recipient === undefined ? {} : { recipient }),
  };
  const proposed = options.as === 'sent' ? onlyDoubted(selection) : selection;
  const chosen = await confirmed(run, proposed, { spec, options, operation });
  if (chosen === undefined) {
    run.stderr.write('Nothing was changed.\n');
    return;
  }
  const report = new ChangeReport(run, options, ({ changed }) => removedWords(changed, spec, options));
  await report.addAll(removeMessages(chosen, spec, await readChanging(options, operation)));
  await report.finish();
}

function onlyDoubted(selection: Selection): Selection {
  return selection.kind === 'ids' ? selection : { kind: 'filter', filter: { ...selection.filter, inDoubt: true } };
}

/** What the confirmation names. */
interface Asked {
  readonly spec: RemovalSpec;
  readonly options: DeleteOptions;
  readonly operation: Operation;
}

/** Asks for confirmation with the number of deliveries; returns the selection, or undefined if the answer is no. */
async function confirmed(
  run: Run,
  selection: Selection,
  { spec, options, operation }: Asked,
): Promise<Selection | undefined> {
  const { as } = spec;
  if (options.yes === true || options.whatIf === true) return selection;
  const words = { removed: 'Delete', bounced: 'Delete and bounce', sent: 'Record as delivered' } as const;
  if (selection.kind === 'ids') {
    const ids = await Array.fromAsync(selection.ids);
    const shown = ids.length <= 3 ? ids.join(', ') : `${ids.slice(0, 3).join(', ')} and ${ids.length - 3} more`;
    const isYes = await confirm(`${words[as]} ${shown}?`, run);
    return isYes ? { kind: 'ids', ids } : undefined;
  }
  let count = 0;
  for await (const _ of listEntries(selection.filter, operation.services.queries)) count += 1;
  const what = isFiltered(options) ? 'that match' : `to ${options.destination ?? ''}`;
  return (await confirm(`${words[as]} ${counted(count, 'delivery', 'deliveries')} ${what}?`, run))
    ? selection
    : undefined;
}

function removedWords(count: number, { as }: RemovalSpec, { whatIf }: DeleteOptions): string {
  const be = whatIf === true ? 'would be ' : '';
  const words = { removed: 'removed', bounced: 'removed and bounced', sent: 'recorded as delivered' } as const;
  return `${counted(count, 'delivery', 'deliveries')} ${be}${words[as]}`;
}
