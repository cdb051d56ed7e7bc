/**
 * `lambda-lmtp requeue`: what is corrupt is put right, and goes on with its id and its time of arrival.
 */

import type { Command } from 'commander';
import { type Change, unknown } from '../operator/operator.ts';
import { type Draft, openDrafts, putBack } from '../operator/requeue.ts';
import { RequestError } from '../request/request-error.ts';
import { type ChangeOptions, ChangeReport, expandIds, readChanging } from './change-options.ts';
import { type EditWish, editRequest } from './edit-request.ts';
import { exitCodes } from './exit-codes.ts';
import { guarded, openOperation } from './operate.ts';
import type { Run } from './run.ts';

/** Puts back what is meant. */
export const requeueAction = guarded(requeueMeant);

async function requeueMeant(
  run: Run,
  ids: readonly string[],
  options: ChangeOptions & EditWish,
  command: Command,
): Promise<void> {
  const { set, unset, edit } = options;
  const isFieldwise = set.length + unset.length > 0 || edit === true;
  if (options.with !== undefined && isFieldwise) command.error('error: --with goes without --edit, --set and --unset');
  if (options.with !== undefined && ids.length > 1) command.error('error: --with is for one id');
  if (ids.length === 0) command.error('error: nothing is named: ids are wanted (queue --state corrupt lists them)');
  const operation = await openOperation(options, run);
  const changing = await readChanging(options, operation);
  const report = new ChangeReport(
    run,
    options,
    ({ changed }) => `${changed} ${options.whatIf === true ? 'would' : 'will'} be tried`,
  );
  let malformed = false;
  for await (const id of expandIds(ids, run)) {
    const drafts = await openDrafts(id, operation.services);
    if ('kind' in drafts) {
      await report.tell(drafts.kind === 'unknown' ? unknown(id) : { kind: 'refused', id, text: drafts.why });
      continue;
    }
    for (const draft of drafts) {
      try {
        const text = await editRequest(draft.text, draft.reason, options, run);
        await report.tell(await putBack(draft, text, changing));
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        malformed = true;
        await report.tell(refusal(draft, error));
      }
    }
  }
  await report.finish();
  if (malformed) run.exitCode = exitCodes.malformed;
}

/** It cannot be used still: nothing was changed, and whoever put it right sees what is wrong now. */
function refusal(draft: Draft, { message }: RequestError): Change {
  if (draft.kind === 'request') return { kind: 'refused', id: draft.request.id, text: message };
  const { id, delivery } = draft.item;
  return { kind: 'refused', id, delivery, text: message };
}
