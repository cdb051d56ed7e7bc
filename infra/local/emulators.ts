/**
 * The AWS services that the product stands on, on free loopback ports of this process: SQS, SNS and S3 (fauxqs), DynamoDB
 * (dynalite) and Secrets Manager (our own), with the queues, topics, bucket and table that a deployed stack has.
 *
 * Everything is in memory and each call starts a set of its own, so several stacks can run side by side.
 */

import type { Server } from 'node:http';
import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import dynalite from 'dynalite';
import { queueTableSchema } from '../../functions/queue/table-schema.ts';
import { type QueueContent, startFauxqs } from './fauxqs.ts';
import { listenLocally } from './local-endpoint.ts';
import { type SecretsManagerOptions, startSecretsManager } from './secrets-manager.ts';

/**
 * The queues of the stack; `events` and `notices` exist in the local stack only and hold what the topics say, so that it can
 * be looked at beside the bounce function.
 */
export type QueueName = 'incoming' | 'active' | 'deferred' | 'corrupt' | 'bounce' | 'events' | 'notices';

export interface Queue {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
}

/** Options of `startEmulators`. */
export interface EmulatorOptions {
  /** Seconds that a received message stays hidden, by queue; 30 where none is given. */
  readonly visibilityTimeouts?: Partial<Readonly<Record<QueueName, number>>>;
  /** Hears of each request to Secrets Manager. */
  readonly onSecretRequest?: SecretsManagerOptions['onRequest'];
}

/** Running emulators and what lies in them. */
export interface Emulators {
  /** What an SDK client needs in its environment to find them: endpoints, region and credentials that nobody checks. */
  readonly environment: Readonly<Record<string, string>>;
  readonly queues: Readonly<Record<QueueName, Queue>>;
  readonly bounceTopicArn: string;
  readonly noticeTopicArn: string;
  readonly bucket: string;
  readonly table: string;
  /** Clients of this process. */
  readonly clients: Clients;
  /** What lies in a queue, without receiving it. */
  inspectQueue(name: QueueName): QueueContent;
  close(): Promise<void>;
}

export interface Clients {
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly s3: S3Client;
  readonly dynamodb: DynamoDBClient;
  readonly secrets: SecretsManagerClient;
}

const region = 'us-east-1';
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
const fourteenDays = String(14 * 86_400);
const bucket = 'messages';
const table = 'queue';

/** Starts the services and makes what belongs in them. */
export async function startEmulators(options: EmulatorOptions = {}): Promise<Emulators> {
  const [fauxqs, dynamodb, secrets] = await Promise.all([
    startFauxqs(region),
    startDynalite(),
    startSecretsManager({ region, ...(options.onSecretRequest && { onRequest: options.onSecretRequest }) }),
  ]);
  const clients = {
    sqs: new SQSClient({ region, credentials, endpoint: fauxqs.endpoint }),
    sns: new SNSClient({ region, credentials, endpoint: fauxqs.endpoint }),
    s3: new S3Client({ region, credentials, endpoint: fauxqs.endpoint, forcePathStyle: true }),
    dynamodb: new DynamoDBClient({ region, credentials, endpoint: dynamodb.endpoint }),
    secrets: new SecretsManagerClient({ region, credentials, endpoint: secrets.endpoint }),
  };
  const [queues, topics] = await Promise.all([
    createQueues(clients.sqs, options.visibilityTimeouts ?? {}),
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
    environment: {
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_ENDPOINT_URL_SQS: fauxqs.endpoint,
      AWS_ENDPOINT_URL_SNS: fauxqs.endpoint,
      AWS_ENDPOINT_URL_S3: fauxqs.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint,
    },
    queues,
    ...topics,
    bucket,
    table,
    clients,
    inspectQueue: (name) => fauxqs.inspectQueue(queues[name].name) ?? { ready: [], delayed: [], inFlight: [] },
    close: async () => {
      for (const client of Object.values(clients)) client.destroy();
      await Promise.all([fauxqs.close(), dynamodb.close(), secrets.close()]);
    },
  };
}

async function startDynalite(): Promise<{ endpoint: string; close(): Promise<void> }> {
  const server: Server = dynalite({ createTableMs: 0 });
  return await listenLocally(server);
}

async function createQueues(
  sqs: SQSClient,
  timeouts: NonNullable<EmulatorOptions['visibilityTimeouts']>,
): Promise<Record<QueueName, Queue>> {
  const create = async (name: QueueName, fifo: Record<string, string> = {}): Promise<Queue> => {
    const QueueName = fifo['FifoQueue'] === 'true' ? `${name}.fifo` : name;
    const VisibilityTimeout = String(timeouts[name] ?? 30);
    const Attributes = { MessageRetentionPeriod: fourteenDays, VisibilityTimeout, ...fifo };
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
    return { name: QueueName, url: QueueUrl, arn: `arn:aws:sqs:${region}:000000000000:${QueueName}` };
  };
  const highThroughput = {
    FifoQueue: 'true',
    DeduplicationScope: 'messageGroup',
    FifoThroughputLimit: 'perMessageGroupId',
  };
  const [incoming, active, deferred, corrupt, bounce, events, notices] = await Promise.all([
    create('incoming'),
    create('active', highThroughput),
    create('deferred'),
    create('corrupt'),
    create('bounce'),
    create('events'),
    create('notices'),
  ]);
  return { incoming, active, deferred, corrupt, bounce, events, notices };
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
