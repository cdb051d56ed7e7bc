/**
 * Lambda function `qmgr`: admits requests from incoming, activates deliveries when their wake-ups arrive from deferred,
 * and recovers deliveries from the dead-letter queue of active.
 *
 * A message with an error stays in its queue; the others of its batch are not affected.
 */

import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { handedOnBy } from '../aws/sqs-transports.ts';
import { composeAdmission } from '../composition/compose-admission.ts';
import { compose } from '../composition/compose-queue.ts';
import type { Incoming } from '../incoming/reading.ts';
import { measured } from '../metrics/invocation.ts';
import { environmentNames, requireVariable } from '../parameters/environment.ts';
import { activate } from '../queue/admission/activate.ts';
import { type Admission, admit } from '../queue/admission/admit.ts';
import type { QueueServices } from '../queue/destinations/services.ts';
import { parseWakeUp, WakeUpError } from '../queue/items/messages.ts';
import { SchemaVersionError } from '../queue/items/schema-version.ts';
import { type DeadLetter, handleDeadLetter } from '../queue/settlement/dead-letters.ts';
import { optional } from '../request/fields.ts';
import { madeFrom } from '../settings/live-parameters.ts';

const { live, servicesWith, clients, metrics } = compose('qmgr', process.env);
const current = madeFrom(live, (parameters): Qmgr => {
  const services = servicesWith(parameters);
  return { services, admission: composeAdmission(process.env, { ...services, clients }) };
});
const deferredQueue = requireVariable(process.env, environmentNames.deferredQueueUrl).split('/').at(-1);
const deadLetterQueue = process.env[environmentNames.activeDeadLetterQueueUrl]?.split('/').at(-1);

/** What depends on the parameters in force. */
interface Qmgr {
  readonly services: QueueServices;
  readonly admission: () => Promise<Admission>;
}

/** Handles a batch from incoming, from deferred, or from the dead-letter queue of active. */
export const handler = measured(metrics, handleBatch);

async function handleBatch({ Records }: SQSEvent, _context: Context): Promise<SQSBatchResponse> {
  const qmgr = await current();
  const { services } = qmgr;
  const results = await Promise.all(Records.map((record) => handleRecord(record, qmgr)));
  await services.scheduler.flushPlaces(services);
  await services.disposal?.deleteSpent(services);
  return { batchItemFailures: results.flatMap((failed) => (failed === undefined ? [] : [{ itemIdentifier: failed }])) };
}

/** Returns the message id if the message must be received again. */
async function handleRecord(record: SQSRecord, qmgr: Qmgr): Promise<string | undefined> {
  const { services, admission } = qmgr;
  const { messageId, eventSourceARN } = record;
  const queue = eventSourceARN.split(':').at(-1);
  try {
    if (queue === deferredQueue) await wake(record, qmgr);
    else if (queue === deadLetterQueue) await handleDeadLetter(deadLetterOf(record), services);
    else await admit(incomingOf(record), await admission(), services);
    return undefined;
  } catch (error) {
    if (error instanceof SchemaVersionError) {
      services.log.note('warn', 'left to the release that wrote it', { messageId, error });
    } else {
      services.log.note('error', 'record not handled; it will be received again', { messageId, error });
    }
    return messageId;
  }
}

function incomingOf({ messageId, body, attributes, messageAttributes }: SQSRecord): Incoming {
  const sender = messageAttributes[handedOnBy]?.stringValue;
  const sent = Number(attributes.SentTimestamp);
  const received = Number(attributes.ApproximateReceiveCount);
  return { messageId, body, sent, received, ...optional('handedOnBy', sender) };
}

function deadLetterOf({ messageId, body, attributes }: SQSRecord): DeadLetter {
  return { messageId, body, received: Number(attributes.ApproximateReceiveCount) };
}

async function wake({ messageId, body }: SQSRecord, { services, admission }: Qmgr): Promise<void> {
  try {
    await activate(parseWakeUp(body), services, admission);
  } catch (error) {
    if (!(error instanceof WakeUpError)) throw error;
    await services.corrupt.file({ id: messageId, reason: `wake-up: ${error.message}`, body });
  }
}
