/**
 * The local AWS services with the queues, topics, bucket and table that a deployed stack has.
 */

import { CreateTableCommand, type CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateTopicCommand, type SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { queueTableSchema } from '../../functions/queue/items/table-schema.ts';
import type { QueueContent } from './fauxqs.ts';
import { type Clients, localPlace, type ServicesOptions, startServices } from './services.ts';

/**
 * The queues of the stack; `events` and `notices` exist only locally and receive the messages of the topics, so that tests can read
 * them beside the bounce function.
 */
export type QueueName =
  | 'incoming'
  | 'active'
  | 'activeDeadLetters'
  | 'deferred'
  | 'corrupt'
  | 'bounce'
  | 'events'
  | 'notices';

export interface Queue {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
}

/** Options of `startEmulators`. */
export interface EmulatorOptions {
  /** Visibility time-out in seconds, by queue; default: 30. */
  readonly visibilityTimeouts?: Partial<Readonly<Record<QueueName, number>>>;
  /** Receives of a message of active before it goes to the dead-letter queue; default: 8, as in the template. */
  readonly activeReceives?: number;
  /** Called for each request to Secrets Manager. */
  readonly onSecretRequest?: ServicesOptions['onSecretRequest'];
  /** Called for each request to a service, after its answer. */
  readonly onRequest?: ServicesOptions['onRequest'];
}

/** Running emulators and their resources. */
export interface Emulators {
  /** Environment of an SDK client: endpoints, region and credentials that the emulators do not check. */
  readonly environment: Readonly<Record<string, string>>;
  readonly queues: Readonly<Record<QueueName, Queue>>;
  readonly bounceTopicArn: string;
  readonly noticeTopicArn: string;
  readonly bucket: string;
  readonly table: string;
  /** SDK clients. */
  readonly clients: Clients;
  /** Returns the messages of a queue without receiving them. */
  inspectQueue(name: QueueName): QueueContent;
  close(): Promise<void>;
}

const { region, account } = localPlace;
const fourteenDays = String(14 * 86_400);
const bucket = 'messages';
const table = 'queue';

/** Starts the services and creates the resources. */
export async function startEmulators(options: EmulatorOptions = {}): Promise<Emulators> {
  const { onSecretRequest, onRequest } = options;
  const services = await startServices({
    ...(onSecretRequest && { onSecretRequest }),
    ...(onRequest && { onRequest }),
  });
  const { clients, environment } = services;
  const [queues, topics] = await Promise.all([
    createQueues(clients.sqs, options),
    createTopics(clients.sns),
    clients.s3.send(new CreateBucketCommand({ Bucket: bucket })),
    clients.dynamodb.send(new CreateTableCommand(tableDefinition)),
  ]);
  await subscribe(clients.sns, topics.bounceTopicArn, queues.events);
  await subscribe(clients.sns, topics.noticeTopicArn, queues.notices);
  for (const topic of [topics.bounceTopicArn, topics.noticeTopicArn]) {
    await subscribe(clients.sns, topic, queues.bounce, { RawMessageDelivery: 'true' });
  }
  return {
    environment,
    queues,
    ...topics,
    bucket,
    table,
    clients,
    inspectQueue: (name) => services.inspectQueue(queues[name].name) ?? { ready: [], delayed: [], inFlight: [] },
    close: () => services.close(),
  };
}

async function createQueues(
  sqs: SQSClient,
  { visibilityTimeouts = {}, activeReceives = 8 }: EmulatorOptions,
): Promise<Record<QueueName, Queue>> {
  const create = async (name: QueueName, title: string, attributes: Record<string, string> = {}): Promise<Queue> => {
    const VisibilityTimeout = String(visibilityTimeouts[name] ?? 30);
    const Attributes = { MessageRetentionPeriod: fourteenDays, VisibilityTimeout, ...attributes };
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: title, Attributes }));
    return { name: title, url: QueueUrl, arn: `arn:aws:sqs:${region}:${account}:${title}` };
  };
  const activeDeadLetters = await create('activeDeadLetters', 'active-dead-letters.fifo', { FifoQueue: 'true' });
  const [incoming, active, deferred, corrupt, bounce, events, notices] = await Promise.all([
    create('incoming', 'incoming'),
    create('active', 'active.fifo', {
      FifoQueue: 'true',
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: activeDeadLetters.arn, maxReceiveCount: activeReceives }),
    }),
    create('deferred', 'deferred'),
    create('corrupt', 'corrupt'),
    create('bounce', 'bounce'),
    create('events', 'events'),
    create('notices', 'notices'),
  ]);
  return { incoming, active, activeDeadLetters, deferred, corrupt, bounce, events, notices };
}

async function createTopics(sns: SNSClient): Promise<{ bounceTopicArn: string; noticeTopicArn: string }> {
  const [bounce, notice] = await Promise.all([
    sns.send(new CreateTopicCommand({ Name: 'bounce' })),
    sns.send(new CreateTopicCommand({ Name: 'notice' })),
  ]);
  return { bounceTopicArn: bounce.TopicArn ?? '', noticeTopicArn: notice.TopicArn ?? '' };
}

async function subscribe(
  sns: SNSClient,
  TopicArn: string,
  { arn }: Queue,
  Attributes: Record<string, string> = {},
): Promise<void> {
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: arn, Attributes }));
}

const { partitionKey, sortKey, dueIndex, waitingIndex } = queueTableSchema;

const tableDefinition = {
  TableName: table,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: partitionKey, AttributeType: 'S' },
    { AttributeName: sortKey, AttributeType: 'S' },
    { AttributeName: dueIndex.partitionKey, AttributeType: 'S' },
    { AttributeName: dueIndex.sortKey, AttributeType: 'N' },
    { AttributeName: waitingIndex.partitionKey, AttributeType: 'S' },
    { AttributeName: waitingIndex.sortKey, AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: partitionKey, KeyType: 'HASH' },
    { AttributeName: sortKey, KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: dueIndex.name,
      KeySchema: [
        { AttributeName: dueIndex.partitionKey, KeyType: 'HASH' },
        { AttributeName: dueIndex.sortKey, KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...dueIndex.projected] },
    },
    {
      IndexName: waitingIndex.name,
      KeySchema: [
        { AttributeName: waitingIndex.partitionKey, KeyType: 'HASH' },
        { AttributeName: waitingIndex.sortKey, KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...waitingIndex.projected] },
    },
  ],
} satisfies CreateTableCommandInput;
