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
import { brisk, makeSecretsManagerClient } from '../aws/clients.ts';
import { DynamoDbNoticeCounts } from '../aws/dynamodb-notice-counts.ts';
import { isTemporaryError } from '../aws/explained-errors.ts';
import { SecretsManagerSource } from '../aws/secrets-manager.ts';
import { quitOnShutdown } from '../aws/shutdown.ts';
import { SnsNotices } from '../aws/sns-notices.ts';
import { compose } from '../composition/compose-queue.ts';
import { chatOptions, makeAgent, timeLimits } from '../delivery/agent.ts';
import { deliver } from '../delivery/deliver.ts';
import type { Incident } from '../delivery/incidents.ts';
import { errorWords } from '../log/error-words.ts';
import { measured } from '../metrics/invocation.ts';
import { failureClass } from '../notices/failure-class.ts';
import { Notifier } from '../notices/notifier.ts';
import { environmentNames, requireVariable } from '../parameters/environment.ts';
import { flushAndRefill } from '../queue/destinations/refill.ts';
import { parseWakeUp, WakeUpError } from '../queue/items/messages.ts';
import { reserveOf } from '../queue/items/policy.ts';
import { SchemaVersionError } from '../queue/items/schema-version.ts';
import { handBack } from '../queue/work/hand-back.ts';
import { type ReceiveInfo, schedule } from '../queue/work/schedule.ts';
import { type Deliver, type Lane, work } from '../queue/work/worker.ts';
import { optional } from '../request/fields.ts';
import { SecretCache } from '../secrets/secret-cache.ts';
import { secretFaultNote } from '../secrets/secrets.ts';
import { type Deadline, invocationDeadline } from '../session/limit.ts';
import { retrySeconds } from '../time/retry-time.ts';

const { services, clients, metrics } = compose('lmtp', process.env, brisk);
const secrets = new SecretCache(new SecretsManagerSource(() => makeSecretsManagerClient()), {
  onStale: (secret, { message }, age) =>
    reportSecretFault({ secret, why: message, servesSince: Math.round(age / 1000) }),
});
const notifier = new Notifier({
  topic: new SnsNotices(clients.sns, requireVariable(process.env, environmentNames.noticeTopicArn)),
  counts: new DynamoDbNoticeCounts(clients.table, requireVariable(process.env, environmentNames.queueTable)),
  classes: services.parameters.notify_classes,
  transport: services.transport,
  clock: services.clock,
  onFailure: (error) => services.log.note('warn', 'notice not sent', { error }),
});
const noticed = (['data', 'policy', 'protocol', 'resource'] as const).some((about) => notifier.wants(about));
const agent = makeAgent(services.parameters, {
  secrets,
  ...optional('metrics', metrics),
  ...(noticed ? { onIncident: (incident: Incident) => notifier.raise(incident) } : {}),
  onNote: (note) => services.log.note('warn', note, {}),
  onSecretFault: (why) => reportSecretFault({ why }),
  debugPeer: (peer, side, line) => services.log.note('info', 'dialogue', { peer, side, line }),
});
/** A container has half a second to shut down, and each of its sessions the same share of it. */
const quitDeadline: Deadline = { left: () => 300, whole: 300 };
quitOnShutdown(() => agent.sessions.close(chatOptions(agent, timeLimits(agent, quitDeadline)))).catch(
  (error: unknown) => services.log.note('warn', 'sessions not closed on shutdown', { error }),
);
const deliverByAgent: Deliver = (delivery, given) => deliver(delivery, agent, given);
const QueueUrl = requireVariable(process.env, environmentNames.activeQueueUrl);

for (const name of ['debug_peer_list', 'lmtp_connection_cache_destinations', 'use_srv_lookup'] as const) {
  for (const warning of services.parameters[name].warnings) services.log.note('warn', warning, { parameter: name });
}

/** Handles a batch from active. */
export const handler = measured(metrics, handleBatch);

async function handleBatch({ Records }: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const remaining = () => context.getRemainingTimeInMillis();
  const deadline = invocationDeadline(remaining, reserveOf(remaining()));
  const unfinished: string[] = [];
  const shared = new Map(Records.map((record): [string, Lane] => [destinationOf(record), {}]));
  const workThrough = async (records: readonly SQSRecord[]) => {
    for (const record of records) {
      const isDone = await handleRecord(record, deadline, shared.get(destinationOf(record)) ?? {});
      if (!isDone) unfinished.push(record.messageId);
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

function reportSecretFault(facts: Readonly<Record<string, unknown>>): void {
  services.log.note('error', secretFaultNote, facts);
  services.metrics?.add('SecretFaults');
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
async function handleRecord(record: SQSRecord, deadline: Deadline, lane: Lane): Promise<boolean> {
  const { messageId, receiptHandle: ReceiptHandle } = record;
  try {
    await workRecord(record, deadline, lane);
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
    return await retryRecord(record, error);
  }
}

/** Returns whether the message was handled after all, because its delivery was handed back. */
async function retryRecord(record: SQSRecord, error: unknown): Promise<boolean> {
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

async function workRecord(record: SQSRecord, deadline: Deadline, lane: Lane): Promise<void> {
  const { messageId, body } = record;
  try {
    await work({ ...parseWakeUp(body), received: receivedOf(record) }, services, deliverByAgent, deadline, lane);
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
    services.log.note('warn', 'visibility not shortened', { error });
  }
}
