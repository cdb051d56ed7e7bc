/**
 * Lambda function `qmgr`: requests from incoming into the table and to active; wake-ups from deferred back to active.
 *
 * One record that cannot be helped stays in its queue; the others of its batch are unharmed.
 */

import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { compose, composeAdmission } from './composition.ts';
import { portsOf } from './delivery/destination.ts';
import { environmentNames, requireVariable } from './environment.ts';
import { activate } from './queue/activate.ts';
import { admit } from './queue/admit.ts';
import { parseWakeUp, WakeUpError } from './queue/messages.ts';

const { services, clients } = compose('qmgr', process.env);
const admission = composeAdmission(process.env, portsOf(services.parameters), clients);
const deferredQueue = requireVariable(process.env, environmentNames.deferredQueueUrl).split('/').at(-1);

/** Takes a batch from incoming or from deferred. */
export async function handler({ Records }: SQSEvent, _context: Context): Promise<SQSBatchResponse> {
  const results = await Promise.all(Records.map(handleRecord));
  await services.scheduler.settle(services);
  return { batchItemFailures: results.flatMap((failed) => (failed === undefined ? [] : [{ itemIdentifier: failed }])) };
}

/** The message id of a record that has to be seen again, or nothing. */
async function handleRecord(record: SQSRecord): Promise<string | undefined> {
  const { messageId, body, eventSourceARN, attributes } = record;
  try {
    if (eventSourceARN.split(':').at(-1) === deferredQueue) await wake(record);
    else await admit({ messageId, body, sent: Number(attributes.SentTimestamp) }, admission, services);
    return undefined;
  } catch (error) {
    services.log.note('error', 'record not handled; it will be seen again', { messageId, error });
    return messageId;
  }
}

async function wake({ messageId, body }: SQSRecord): Promise<void> {
  try {
    await activate(parseWakeUp(body), services);
  } catch (error) {
    if (!(error instanceof WakeUpError)) throw error;
    await services.corrupt.file({ id: messageId, reason: `wake-up: ${error.message}`, body });
  }
}
