/**
 * Lambda function `lmtp`: delivers from active to LMTP servers.
 *
 * Destinations of a batch run in parallel, the deliveries of one destination in sequence over its cached session.
 * Messages that were received often come last. Each message is deleted as soon as its delivery is settled, so that its
 * slot opens before the batch ends.
 */

import { setTimeout } from 'node:timers/promises';
import { ChangeMessageVisibilityCommand, DeleteMessageCommand } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { isTemporaryError } from '../aws/explained-errors.ts';
import { quitOnShutdown } from '../aws/shutdown.ts';
import { composeDelivery, type Delivering } from '../composition/compose-delivery.ts';
import { deliver } from '../delivery/deliver.ts';
import { errorWords } from '../log/error-words.ts';
import { measured } from '../metrics/invocation.ts';
import { failureClass } from '../notices/failure-class.ts';
import { environmentNames, requireVariable } from '../parameters/environment.ts';
import { flushAndRefill } from '../queue/destinations/refill.ts';
import { parseWakeUp, WakeUpError } from '../queue/items/messages.ts';
import { reserveOf } from '../queue/items/policy.ts';
import { SchemaVersionError } from '../queue/items/schema-version.ts';
import { handBack } from '../queue/work/hand-back.ts';
import { type ReceiveInfo, schedule } from '../queue/work/schedule.ts';
import { type Lane, work } from '../queue/work/worker.ts';
import { type Deadline, invocationDeadline } from '../session/limit.ts';
import { retrySeconds } from '../time/retry-time.ts';

const { current, quit, log, clients, metrics } = composeDelivery(process.env);
quitOnShutdown(quit).catch((error: unknown) => log.note('warn', 'sessions not closed on shutdown', { error }));
const QueueUrl = requireVariable(process.env, environmentNames.activeQueueUrl);

/** What the messages of a batch share. */
interface Batch extends Delivering {
  readonly deadline: Deadline;
  /** By destination. */
  readonly shared: ReadonlyMap<string, Lane>;
}

/** Handles a batch from active. */
export const handler = measured(metrics, handleBatch);

async function handleBatch({ Records }: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const remaining = () => context.getRemainingTimeInMillis();
  const deadline = invocationDeadline(remaining, reserveOf(remaining()));
  const delivering = await current();
  const { services, notifier } = delivering;
  const shared = new Map(Records.map((record): [string, Lane] => [destinationOf(record), {}]));
  const batch: Batch = { ...delivering, deadline, shared };
  const unfinished: string[] = [];
  const workThrough = async (records: readonly SQSRecord[]) => {
    for (const record of records) {
      if (!(await handleRecord(record, batch))) unfinished.push(record.messageId);
    }
  };
  const { lanes, last } = schedule(Records, givenOf, services.random);
  await Promise.all(lanes.map(workThrough));
  await workThrough(last);
  await flushAndRefill(services, setTimeout);
  await services.disposal?.deleteSpent(services);
  await notifier.awaitSent();
  return { batchItemFailures: unfinished.map((itemIdentifier) => ({ itemIdentifier })) };
}

/** The message group is destination and slot; deliveries to one destination share its session. */
function destinationOf({ attributes }: SQSRecord): string {
  return attributes.MessageGroupId?.split('#')[0] ?? '';
}

function givenOf(record: SQSRecord): ReceiveInfo {
  return { destination: destinationOf(record), received: receivedOf(record) };
}

function receivedOf({ attributes }: SQSRecord): number {
  return Number(attributes.ApproximateReceiveCount);
}

/** Returns whether the message was handled. */
async function handleRecord(record: SQSRecord, batch: Batch): Promise<boolean> {
  const { messageId, receiptHandle: ReceiptHandle } = record;
  const { services, notifier } = batch;
  try {
    await workRecord(record, batch);
    await deleteMessage(ReceiptHandle);
    return true;
  } catch (error) {
    if (error instanceof SchemaVersionError) {
      // Not an error: the message waits for that release.
      services.log.note('warn', 'left to the release that wrote it', { messageId, error });
    } else {
      services.log.note('error', 'delivery not settled; it will be received again', { messageId, error });
      const kind = failureClass(error, isTemporaryError(error));
      notifier.raise({ class: kind, subject: `delivery not settled: ${errorWords(error)}` });
    }
    return await retryRecord(record, error, services);
  }
}

/** Returns whether the message was handled after all, because its delivery was handed back. */
async function retryRecord(record: SQSRecord, error: unknown, services: Delivering['services']): Promise<boolean> {
  const { receiptHandle, body } = record;
  const received = receivedOf(record);
  try {
    if (await handBack(error, { body, received }, services)) {
      await deleteMessage(receiptHandle);
      return true;
    }
  } catch (failure) {
    services.log.note('warn', 'message not deleted; it will be received again', { error: failure });
  }
  await shortenVisibility(receiptHandle, retrySeconds(received));
  return false;
}

async function deleteMessage(ReceiptHandle: string): Promise<void> {
  await clients.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
}

async function workRecord(record: SQSRecord, { services, agent, deadline, shared }: Batch): Promise<void> {
  const { messageId, body } = record;
  const lane = shared.get(destinationOf(record)) ?? {};
  try {
    await work(
      { ...parseWakeUp(body), received: receivedOf(record) },
      services,
      (delivery, given) => deliver(delivery, agent, given),
      deadline,
      lane,
    );
  } catch (error) {
    if (!(error instanceof WakeUpError)) throw error;
    await services.corrupt.file({ id: messageId, reason: `active: ${error.message}`, body });
  }
}

async function shortenVisibility(ReceiptHandle: string, VisibilityTimeout: number): Promise<void> {
  try {
    await clients.sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
  } catch (error) {
    // Then the slot opens only after the queue's own visibility time-out.
    log.note('warn', 'visibility not shortened', { error });
  }
}
