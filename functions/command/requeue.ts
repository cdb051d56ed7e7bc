/**
 * `lambda-lmtp requeue`: repairs corrupt mail and queues it again, with its id and its time of arrival.
 */

import type { Command } from 'commander';
import { type Change, unknown } from '../operator/operator.ts';
import { type Draft, findDrafts, requeueDraft } from '../operator/requeue.ts';
import { RequestError } from '../request/request-error.ts';
import { type ChangeOptions, ChangeReport, expandIds, readChanging } from './change-options.ts';
import { type EditOptions, editRequest } from './edit-request.ts';
import { exitCodes } from './exit-codes.ts';
import { guarded, openOperation } from './operate.ts';
import type { Run } from './run.ts';

/** Puts back what is meant. */
export const requeueAction = guarded(requeueMeant);

async function requeueMeant(
  run: Run,
  ids: readonly string[],
  options: ChangeOptions & EditOptions,
  command: Command,
): Promise<void> {
  const { set, unset, edit } = options;
  const isFieldwise = set.length + unset.length > 0 || edit === true;
  if (options.with !== undefined && isFieldwise)
    command.error('error: --with cannot be combined with --edit, --set or --unset');
  if (options.with !== undefined && ids.length > 1) command.error('error: --with allows only one id');
  if (ids.length === 0) command.error('error: nothing is selected: give ids (queue --state corrupt lists them)');
  const operation = await openOperation(options, run);
  const changing = await readChanging(options, operation);
  const report = new ChangeReport(
    run,
    options,
    ({ changed }) => `${changed} ${options.whatIf === true ? 'would' : 'will'} be tried`,
  );
  let malformed = false;
  for await (const id of expandIds(ids, run)) {
    const drafts = await findDrafts(id, operation.services);
    if ('kind' in drafts) {
      await report.add(drafts.kind === 'unknown' ? unknown(id) : { kind: 'refused', id, text: drafts.why });
      continue;
    }
    for (const draft of drafts) {
      try {
        const text = await editRequest(draft.text, draft.reason, options, run);
        await report.add(await requeueDraft(draft, text, changing));
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        malformed = true;
        await report.add(refusal(draft, error));
      }
    }
  }
  await report.finish();
  if (malformed) run.exitCode = exitCodes.malformed;
}

/** The answer if the edited request is still corrupt: it names the fault, and nothing was changed. */
function refusal(draft: Draft, { message }: RequestError): Change {
  if (draft.kind === 'request') return { kind: 'refused', id: draft.request.id, text: message };
  const { id, delivery } = draft.item;
  return { kind: 'refused', id, delivery, text: message };
}
