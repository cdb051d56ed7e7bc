/** Statements of policies, one function for each kind of access; permissions.ts combines them. */
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { ownPrefixes } from '../../functions/incoming/own-objects.ts';
import { settingsKey } from '../../functions/queue/items/table-schema.ts';
import type { IncomingQueue } from '../properties/other-transports.ts';
import type { Queues } from '../queue/queues.ts';
import type { MailBucket } from '../queue/stores.ts';
import type { AnyKey } from '../security/encryption.ts';
import { type KeyUse, keyOf, keyStatements } from './key-use.ts';
import type { AnySecret, PermittedResources } from './permitted-resources.ts';

const { corrupt: corruptPrefix, reports: reportPrefix, notified: notifiedPrefix } = ownPrefixes;

/** Allows to read the depths of the queues and of their dead-letter queues. */
export function measure({ incoming, active, deferred, bounce, corrupt, deadLetters }: Queues): PolicyStatement[] {
  const letters = Object.values(deadLetters).map(({ queueArn }) => queueArn);
  const queues = [incoming, active, deferred, bounce, corrupt].map(({ queueArn }) => queueArn);
  return [allow(['sqs:GetQueueAttributes'], [...queues, ...letters]), allow(['sqs:GetQueueUrl'], letters)];
}

export function allow(actions: string[], resources: string[]): PolicyStatement {
  return new PolicyStatement({ actions, resources });
}

/** Allows what an event source mapping does with the function's role. */
export function consume(...queues: IQueue[]): PolicyStatement {
  return allow(
    ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
    queues.map(({ queueArn }) => queueArn),
  );
}

/** Allows to change when a message becomes visible again. */
export function giveBack(queue: IQueue): PolicyStatement {
  return allow(['sqs:ChangeMessageVisibility'], [queue.queueArn]);
}

export function send(...queues: Pick<IQueue, 'queueArn'>[]): PolicyStatement {
  return allow(
    ['sqs:SendMessage'],
    queues.map(({ queueArn }) => queueArn),
  );
}

export function useTable(
  table: TableV2,
  ...operations: ('GetItem' | 'BatchGetItem' | 'PutItem' | 'UpdateItem' | 'Query')[]
): PolicyStatement {
  return allow(
    operations.map((operation) => `dynamodb:${operation}`),
    [table.tableArn],
  );
}

/** Allows to read the live settings, and nothing else of the table. */
export function readSettings(table: TableV2): PolicyStatement {
  return new PolicyStatement({
    actions: ['dynamodb:Query'],
    resources: [table.tableArn],
    conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [settingsKey] } },
  });
}

export function queryIndexes(table: TableV2, ...names: string[]): PolicyStatement {
  return allow(
    ['dynamodb:Query'],
    names.map((name) => `${table.tableArn}/index/${name}`),
  );
}

/**
 * Allows to read bodies. With ListBucket S3 answers "no such key", which makes a request corrupt, and not "denied", which defers it.
 * S3 checks it with the key as prefix, so it is allowed below the prefixes of bodies, and never for a list of the whole bucket.
 */
export function readBodies({ stores, allowedBuckets, bodyPrefixes = [] }: PermittedResources): PolicyStatement[] {
  const { messageBucket } = stores;
  const prefixes = bodyPrefixes.length === 0 ? [] : [...bodyPrefixes, ...Object.values(ownPrefixes)];
  return [
    ...readObjects([messageBucket], prefixes),
    ...readObjects(allowedBuckets, []),
    ...[messageBucket, ...allowedBuckets].flatMap(({ encryptionKey }) => keyOf('s3', encryptionKey, 'kms:Decrypt')),
  ];
}

function readObjects(buckets: readonly MailBucket[], prefixes: readonly string[]): PolicyStatement[] {
  if (buckets.length === 0) return [];
  const patterns = prefixes.length === 0 ? ['*'] : prefixes.map((prefix) => `${prefix}*`);
  const listed = prefixes.length === 0 ? ['?*'] : patterns;
  return [
    allow(
      ['s3:GetObject', 's3:GetObjectVersion'],
      buckets.flatMap((bucket) => patterns.map((pattern) => bucket.arnForObjects(pattern))),
    ),
    new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: buckets.map(({ bucketArn }) => bucketArn),
      conditions: { StringLike: { 's3:prefix': listed } },
    }),
  ];
}

/**
 * Allows to mark a body as deleted. The bucket's lifecycle rule keeps its version. The Query finds deliveries that still reference
 * it. S3 requires s3:GetObject for a deletion on condition of an ETag.
 */
export function deleteBodies({
  stores,
  deletesBodies = false,
  bodyPrefixes = [],
}: PermittedResources): PolicyStatement[] {
  if (!deletesBodies) return [];
  const patterns =
    bodyPrefixes.length === 0 ? ['*'] : [...bodyPrefixes, reportPrefix, notifiedPrefix].map((prefix) => `${prefix}*`);
  return [
    useTable(stores.queueTable, 'Query'),
    allow(
      ['s3:DeleteObject', 's3:GetObject'],
      patterns.map((pattern) => stores.messageBucket.arnForObjects(pattern)),
    ),
  ];
}

export function readTransportMap({ transportMapObject }: PermittedResources): PolicyStatement[] {
  if (transportMapObject === undefined) return [];
  const { bucket, key } = transportMapObject;
  return [allow(['s3:GetObject'], [bucket.arnForObjects(key)]), ...keyOf('s3', bucket.encryptionKey, 'kms:Decrypt')];
}

/** Allows to read the files that parameters name. @param names those of these parameters; absent: of all */
export function readParameterFiles(
  { parameterObjects = [] }: PermittedResources,
  names?: readonly string[],
): PolicyStatement[] {
  const used = parameterObjects.filter(({ parameter }) => names?.includes(parameter) ?? true);
  return used.length === 0 ? [] : [allow(['s3:GetObject'], [...new Set(used.map(({ arn }) => arn))])];
}

export function writeCorruptCopies(bucket: MailBucket): PolicyStatement[] {
  return [
    allow(['s3:PutObject'], [bucket.arnForObjects(`${corruptPrefix}*`)]),
    ...keyOf('s3', bucket.encryptionKey, 'kms:GenerateDataKey'),
  ];
}

/** Allows to store mail that arrives inside a notification. */
export function writeNotifiedMail(bucket: MailBucket): PolicyStatement[] {
  return [
    allow(['s3:PutObject'], [bucket.arnForObjects(`${notifiedPrefix}*`)]),
    ...keyOf('s3', bucket.encryptionKey, 'kms:GenerateDataKey'),
  ];
}

export function publish(...topics: { readonly topicArn: string }[]): PolicyStatement {
  return allow(
    ['sns:Publish'],
    topics.map(({ topicArn }) => topicArn),
  );
}

export function readSecrets(secrets: readonly AnySecret[]): PolicyStatement[] {
  if (secrets.length === 0) return [];
  return [
    allow(
      ['secretsmanager:GetSecretValue'],
      secrets.map(({ secretArn, secretFullArn }) => secretFullArn ?? `${secretArn}-??????`),
    ),
    ...secrets.flatMap(({ encryptionKey }) => keyOf('secretsmanager', encryptionKey, 'kms:Decrypt')),
  ];
}

export function underKey({ encryptionKey }: PermittedResources, use: KeyUse): PolicyStatement[] {
  return keyStatements(encryptionKey, use);
}

/** Allows to send to queues that are encrypted with other keys. */
export function sendUnderKeys(queues: readonly IncomingQueue[], own: AnyKey | undefined): PolicyStatement[] {
  const others = queues.flatMap(({ encryptionMasterKey: key }) => (key === undefined || key === own ? [] : [key]));
  return [...new Set(others)].flatMap((key) => keyStatements(key, { writes: ['sqs'] }));
}
