/** Builds the resources of a template in the local services. */
import { readFile } from 'node:fs/promises';
import { CreateTableCommand, type CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import type { Clients } from './services.ts';
import type { FileAsset } from './template/assembly.ts';
import type { Place } from './template/identities.ts';
import { TemplateError } from './template/intrinsics.ts';
import type { Blueprint, QueuePlan, SubscriptionPlan, TablePlan } from './template/plans.ts';

/** Creates queues, topics with their subscriptions, buckets and tables, under the names in the plans. */
export async function buildResources(blueprint: Blueprint, clients: Clients): Promise<void> {
  const { queues, topics, subscriptions, buckets, tables } = blueprint;
  await Promise.all([
    createQueues(queues, clients),
    ...topics.map(({ name }) => clients.sns.send(new CreateTopicCommand({ Name: name }))),
    ...buckets.map(({ name }) => clients.s3.send(new CreateBucketCommand({ Bucket: name }))),
    ...tables.map((table) => clients.dynamodb.send(new CreateTableCommand(tableDefinition(table)))),
  ]);
  const here = subscriptions.filter(({ topicArn }) => topics.some(({ arn }) => arn === topicArn));
  for (const subscription of here) await subscribe(subscription, clients);
}

/** Uploads the files of an app, as `cdk deploy` does before it creates the stack. */
export async function uploadFiles(
  assets: readonly FileAsset[],
  { account, region }: Pick<Place, 'account' | 'region'>,
  { s3 }: Clients,
): Promise<void> {
  const placed = assets.map(({ bucketName, objectKey: Key, path }) => {
    const Bucket = bucketName.replaceAll(/\$\{AWS::(AccountId|Region)\}/g, (_, name) =>
      name === 'Region' ? region : account,
    );
    return { Bucket, Key, path };
  });
  for (const Bucket of new Set(placed.map((file) => file.Bucket))) await s3.send(new CreateBucketCommand({ Bucket }));
  for (const { path, ...object } of placed) {
    await s3.send(new PutObjectCommand({ ...object, Body: await readFile(path) }));
  }
}

/** Creates a queue that subscribes to a topic and is not in the template; resolves to its URL. */
export async function observeTopic(name: string, topicArn: string, region: string, clients: Clients): Promise<string> {
  const { QueueUrl = '' } = await clients.sqs.send(new CreateQueueCommand({ QueueName: name }));
  const queueArn = `arn:aws:sqs:${region}:${QueueUrl.split('/').slice(-2).join(':')}`;
  await subscribe({ topicArn, queueArn, attributes: {} }, clients);
  return QueueUrl;
}

/** Dead-letter queues come first: the others refer to them. */
async function createQueues(queues: readonly QueuePlan[], { sqs }: Clients): Promise<void> {
  const create = async ({ name: QueueName, url, attributes: Attributes }: QueuePlan) => {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
    if (QueueUrl !== url) throw new TemplateError(`queue ${QueueName} is at ${QueueUrl}, and ${url} was expected`);
  };
  const hasDeadLetters = ({ attributes }: QueuePlan) => attributes['RedrivePolicy'] !== undefined;
  await Promise.all(queues.filter((queue) => !hasDeadLetters(queue)).map(create));
  await Promise.all(queues.filter(hasDeadLetters).map(create));
}

async function subscribe({ topicArn, queueArn, attributes }: SubscriptionPlan, { sns }: Clients): Promise<void> {
  const Attributes = { ...attributes };
  await sns.send(new SubscribeCommand({ TopicArn: topicArn, Protocol: 'sqs', Endpoint: queueArn, Attributes }));
}

function tableDefinition({ name, definition }: TablePlan): CreateTableCommandInput {
  const { GlobalSecondaryIndexes, ...keys } = definition;
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    ...keys,
    ...(GlobalSecondaryIndexes.length > 0 && { GlobalSecondaryIndexes }),
  } as CreateTableCommandInput;
}
