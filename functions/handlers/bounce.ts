/**
 * Lambda function `bounce`: makes reports of the events of the bounce topic (Postfix bounce(8)), and mail of notices.
 *
 * A message leaves its queue after a report with its event has been sent. If it must wait for other events of its
 * request, it is hidden until then. After an AWS error it is received again, after the queue's own time.
 */

import { ChangeMessageVisibilityCommand } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { makeClients } from '../aws/clients.ts';
import { metricsFromEnvironment } from '../aws/emf-metrics.ts';
import { makeLog } from '../aws/function-log.ts';
import { transportName } from '../composition/compose-queue.ts';
import { composeReports } from '../composition/compose-reports.ts';
import { measured } from '../metrics/invocation.ts';
import { environmentNames as names, requireVariable } from '../parameters/environment.ts';
import type { ReportServices } from '../report/ports.ts';
import { readTopicMessage } from '../report/read-message.ts';
import { reportEvent } from '../report/report-event.ts';
import { mailNotice } from '../report/send.ts';
import { systemClock } from '../time/clock.ts';

const clients = makeClients();
const log = makeLog('bounce');
const current = composeReports(process.env, clients, log);
const QueueUrl = requireVariable(process.env, names.bounceQueueUrl);

/** Longest time for which a message is hidden. SQS allows twelve hours from the receive. */
const longestHiding = 11 * 3600;

/** Handles a batch from the bounce queue. */
export const handler = measured(metricsFromEnvironment(process.env, transportName(process.env)), handleBatch);

async function handleBatch({ Records }: SQSEvent, _context: Context): Promise<SQSBatchResponse> {
  const { map, notifier, services } = await current();
  await map.current();
  const results = await Promise.all(Records.map((record) => handleRecord(record, services)));
  await notifier.awaitSent();
  return { batchItemFailures: results.flatMap((stays) => (stays === undefined ? [] : [{ itemIdentifier: stays }])) };
}

/** Returns the message id if the message stays in its queue. */
async function handleRecord(
  { messageId, receiptHandle, body }: SQSRecord,
  services: ReportServices,
): Promise<string | undefined> {
  try {
    const message = readTopicMessage(body);
    if (message.kind === 'notice') {
      await mailNotice(message.notice, services);
      return undefined;
    }
    if (message.kind === 'no report') {
      services.log.note('info', 'no report: the mail was rejected, and its sender may be forged', { id: message.id });
      return undefined;
    }
    const result = await reportEvent(message.event, services);
    if (result.kind === 'reported') return undefined;
    await hide(receiptHandle, result.until);
    return messageId;
  } catch (error) {
    services.log.note('error', 'report not sent; the message will be received again', { messageId, error });
    return messageId;
  }
}

/** Hides a message until a time, milliseconds since 1970. */
async function hide(ReceiptHandle: string, until: number): Promise<void> {
  const seconds = Math.ceil((until - systemClock.now().wall) / 1000);
  const VisibilityTimeout = Math.min(Math.max(1, seconds), longestHiding);
  await clients.sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
}
