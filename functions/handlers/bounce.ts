/**
 * Lambda function `bounce`: makes reports of the events of the bounce topic (Postfix bounce(8)), and mail of notices.
 *
 * A message leaves its queue after a report with its event has been sent. If it must wait for other events of its
 * request, it is hidden until then. After an AWS error it is received again, after the queue's own time.
 */

import { ChangeMessageVisibilityCommand } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { makeClients, makeSesClient } from '../aws/clients.ts';
import { DynamoDbLedger } from '../aws/dynamodb-ledger.ts';
import { DynamoDbNoticeCounts } from '../aws/dynamodb-notice-counts.ts';
import { DynamoDbReports } from '../aws/dynamodb-reports.ts';
import { metricsFromEnvironment } from '../aws/emf-metrics.ts';
import { makeLog } from '../aws/function-log.ts';
import { S3IncomingOutlet } from '../aws/incoming-outlet.ts';
import { S3Bodies } from '../aws/s3-bodies.ts';
import { RawSesOutlet } from '../aws/ses-outlet.ts';
import { SnsNotices } from '../aws/sns-notices.ts';
import { composeTransportMap } from '../composition/compose-admission.ts';
import { transportName } from '../composition/compose-queue.ts';
import { cleanupRules } from '../delivery/preparation.ts';
import { measured } from '../metrics/invocation.ts';
import { Notifier } from '../notices/notifier.ts';
import { environmentNames as names, requireVariable } from '../parameters/environment.ts';
import { parametersFromEnvironment } from '../parameters/parameters.ts';
import { localDomains } from '../report/local-domains.ts';
import type { ReportServices } from '../report/ports.ts';
import { readTopicMessage } from '../report/read-message.ts';
import { reportEvent } from '../report/report-event.ts';
import { mailNotice } from '../report/send.ts';
import { systemClock } from '../time/clock.ts';

const clients = makeClients();
const parameters = parametersFromEnvironment(process.env);
const table = requireVariable(process.env, names.queueTable);
const log = makeLog('bounce');
const transport = transportName(process.env);
const map = composeTransportMap(process.env, { parameters, clients, clock: systemClock, log });
const { notify_classes: classes } = parameters;
const notifier = new Notifier({
  topic: new SnsNotices(clients.sns, requireVariable(process.env, names.noticeTopicArn)),
  counts: new DynamoDbNoticeCounts(clients.table, table),
  // As in Postfix, class bounce includes class 2bounce.
  classes: classes.includes('bounce') ? [...classes, '2bounce'] : classes,
  transport,
  clock: systemClock,
  onFailure: (error) => log.note('warn', 'notice not sent', { error }),
});
const services: ReportServices = {
  records: new DynamoDbReports(clients.table, table),
  ledger: new DynamoDbLedger(clients.table, table),
  bodies: new S3Bodies(clients.s3, cleanupRules(parameters)),
  incoming: new S3IncomingOutlet(clients, {
    bucket: requireVariable(process.env, names.messageBucket),
    queueUrl: requireVariable(process.env, names.incomingQueueUrl),
  }),
  ses: new RawSesOutlet(makeSesClient, { author: parameters.bounce_report_ses_sender }, systemClock),
  domains: localDomains(
    { names: (address) => map.known.names(address), find: (address) => map.known.find(address) },
    parameters.relay_domains,
  ),
  notices: notifier,
  parameters,
  clock: systemClock,
  log,
};
const QueueUrl = requireVariable(process.env, names.bounceQueueUrl);

/** Longest time for which a message is hidden. SQS allows twelve hours from the receive. */
const longestHiding = 11 * 3600;

/** Handles a batch from the bounce queue. */
export const handler = measured(metricsFromEnvironment(process.env, transport), handleBatch);

async function handleBatch({ Records }: SQSEvent, _context: Context): Promise<SQSBatchResponse> {
  await map.current();
  const results = await Promise.all(Records.map(handleRecord));
  await notifier.awaitSent();
  return { batchItemFailures: results.flatMap((stays) => (stays === undefined ? [] : [{ itemIdentifier: stays }])) };
}

/** Returns the message id if the message stays in its queue. */
async function handleRecord({ messageId, receiptHandle, body }: SQSRecord): Promise<string | undefined> {
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
