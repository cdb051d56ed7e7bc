/**
 * `lambda-lmtp requeue`: what is corrupt is put right, and goes on with its id and its time of arrival.
 */

import { Command } from 'commander';
import { type Change, unknown } from '../operator/operator.ts';
import { type Draft, openDrafts, putBack } from '../operator/requeue.ts';
import { RequestError } from '../request/request-error.ts';
import {
  type ChangeOptions,
  ChangeReport,
  expandIds,
  readChanging,
  withIds,
  withOrderOptions,
} from './change-options.ts';
import { type EditWish, editRequest } from './edit-request.ts';
import { exitCodes } from './exit-codes.ts';
import { guarded, openOperation } from './operate.ts';
import { collect } from './options.ts';

/** Defines the command. */
export function requeueCommand(): Command {
  const command = new Command('requeue')
    .description('Put a corrupt message or request right and back into the queue, with its id and time of arrival')
    .option('--edit', 'open the request in the editor that VISUAL or EDITOR names')
    .option('--set <field=value>', 'set a field, such as message.key=in/x.eml; may be given several times', collect, [])
    .option('--unset <field>', 'take a field away; may be given several times', collect, [])
    .option('--with <file>', 'another request in its place ("-" = standard input)');
  return withOrderOptions(withIds(command)).action(guarded(requeueAction));
}

async function requeueAction(
  ids: readonly string[],
  options: ChangeOptions & EditWish,
  command: Command,
): Promise<void> {
  const { set, unset, edit } = options;
  const isFieldwise = set.length + unset.length > 0 || edit === true;
  if (options.with !== undefined && isFieldwise) command.error('error: --with goes without --edit, --set and --unset');
  if (options.with !== undefined && ids.length > 1) command.error('error: --with is for one id');
  if (ids.length === 0) command.error('error: nothing is named: ids are wanted (queue --state corrupt lists them)');
  const operation = await openOperation(options);
  const changing = await readChanging(options, operation);
  const report = new ChangeReport(
    options,
    ({ changed }) => `${changed} ${options.whatIf === true ? 'would' : 'will'} be tried`,
  );
  let malformed = false;
  for await (const id of expandIds(ids)) {
    const drafts = await openDrafts(id, operation.services);
    if ('kind' in drafts) {
      await report.tell(drafts.kind === 'unknown' ? unknown(id) : { kind: 'refused', id, text: drafts.why });
      continue;
    }
    for (const draft of drafts) {
      try {
        const text = await editRequest(draft.text, draft.reason, options);
        await report.tell(await putBack(draft, text, changing));
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        malformed = true;
        await report.tell(refusal(draft, error));
      }
    }
  }
  await report.finish();
  if (malformed) process.exitCode = exitCodes.malformed;
}

/** It cannot be used still: nothing was changed, and whoever put it right sees what is wrong now. */
function refusal(draft: Draft, { message }: RequestError): Change {
  if (draft.kind === 'request') return { kind: 'refused', id: draft.request.id, text: message };
  const { id, delivery } = draft.item;
  return { kind: 'refused', id, delivery, text: message };
}
