/**
 * Lambda function `qmgr`: requests from incoming into the table and to active; wake-ups from deferred back to active; dead
 * letters of active back into the table.
 *
 * One record that cannot be helped stays in its queue; the others of its batch are unharmed.
 */

import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { composeAdmission } from './admission.ts';
import { handedOnBy } from './aws/sqs-transports.ts';
import { compose } from './composition.ts';
import { optional } from './delivery/fields.ts';
import { environmentNames, requireVariable } from './environment.ts';
import type { Incoming } from './incoming/reading.ts';
import { measured } from './metrics/invocation.ts';
import { activate } from './queue/activate.ts';
import { admit } from './queue/admit.ts';
import { type DeadLetter, takeDeadLetter } from './queue/dead-letters.ts';
import { parseWakeUp, WakeUpError } from './queue/messages.ts';
import { SchemaVersionError } from './queue/schema-version.ts';

const { services, clients, metrics } = compose('qmgr', process.env);
const admission = composeAdmission(process.env, { ...services, clients });
const deferredQueue = requireVariable(process.env, environmentNames.deferredQueueUrl).split('/').at(-1);
const deadLetterQueue = process.env[environmentNames.activeDeadLetterQueueUrl]?.split('/').at(-1);

/** Takes a batch from incoming, from deferred, or from the dead letters of active. */
export const handler = measured(metrics, handleBatch);

async function handleBatch({ Records }: SQSEvent, _context: Context): Promise<SQSBatchResponse> {
  const results = await Promise.all(Records.map(handleRecord));
  await services.scheduler.settle(services);
  await services.disposal?.settle(services);
  return { batchItemFailures: results.flatMap((failed) => (failed === undefined ? [] : [{ itemIdentifier: failed }])) };
}

/** The message id of a record that has to be seen again, or nothing. */
async function handleRecord(record: SQSRecord): Promise<string | undefined> {
  const { messageId, eventSourceARN } = record;
  const queue = eventSourceARN.split(':').at(-1);
  try {
    if (queue === deferredQueue) await wake(record);
    else if (queue === deadLetterQueue) await takeDeadLetter(deadLetterOf(record), services);
    else await admit(incomingOf(record), await admission(), services);
    return undefined;
  } catch (error) {
    if (error instanceof SchemaVersionError) {
      services.log.note('warn', 'left to the release that wrote it', { messageId, error });
    } else {
      services.log.note('error', 'record not handled; it will be seen again', { messageId, error });
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

async function wake({ messageId, body }: SQSRecord): Promise<void> {
  try {
    await activate(parseWakeUp(body), services, admission);
  } catch (error) {
    if (!(error instanceof WakeUpError)) throw error;
    await services.corrupt.file({ id: messageId, reason: `wake-up: ${error.message}`, body });
  }
}
