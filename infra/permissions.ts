/**
 * What each function may do: every action and resource written out, so that this file can be read as the answer to "what if
 * that function is taken over?".
 *
 * Where a resource ends in a wildcard, `wildcardReasons` says why; a test holds the two together.
 */
import type { Stack } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { ownPrefixes } from '../functions/incoming/own-objects.ts';
import { queueTableSchema } from '../functions/queue/table-schema.ts';
import type { AnyKey } from './encryption.ts';
import { type KeyUse, keyStatements } from './key-use.ts';
import type { IncomingQueue } from './other-transports.ts';
import type { Queues } from './queues.ts';
import type { MailBucket, Stores } from './stores.ts';
import type { Topics } from './topics.ts';

/** A secret made in the same app, or one from elsewhere. */
export type AnySecret = Secret | ISecret;

/** What the functions of one stack work on. */
export interface Surroundings {
  readonly queues: Queues;
  readonly stores: Stores;
  readonly topics: Topics;
  /** A key of one's own, which queues, topics, table and the new bucket are under. */
  readonly encryptionKey?: AnyKey | undefined;
  /** Prefixes that bodies lie below; empty: they may lie anywhere. */
  readonly bodyPrefixes?: readonly string[] | undefined;
  /** Whether bodies are deleted when nobody needs them. */
  readonly deletesBodies?: boolean | undefined;
  /** Buckets that a request may name, beside the message bucket. */
  readonly allowedBuckets: readonly MailBucket[];
  /** Secrets of SASL passwords and TLS keys. */
  readonly secrets: readonly AnySecret[];
  /** Where a transport map lies that can be changed at any time. */
  readonly transportMapObject?: { readonly bucket: MailBucket; readonly key: string } | undefined;
  /** Incoming queues of other transports. */
  readonly otherTransports?: readonly IncomingQueue[] | undefined;
}

const { corrupt: corruptPrefix, reports: reportPrefix } = ownPrefixes;

/** The ends of resources that have a wildcard, and why each needs it. */
export const wildcardReasons: Readonly<Record<string, string>> = {
  '/*': 'a message body has whatever key its producer gave it',
  [`/${corruptPrefix}*`]: 'the copy of a corrupt request is named after the request',
  [`/${reportPrefix}*`]: 'a report is named after what it is about',
  '/in/*': 'a submitted body is named by its submitter',
  '*': 'Lambda makes network interfaces in the name of a function in a VPC, and EC2 has no narrower resource for that',
  '-??????': 'Secrets Manager adds six characters of its own to the name of a secret',
};

/** qmgr: takes in requests and wake-ups, fills the table, sends to active. Reads bodies, for their size and envelope. */
export function qmgrPermissions(surroundings: Surroundings): PolicyStatement[] {
  const { queues, stores, topics, otherTransports = [] } = surroundings;
  return [
    consume(queues.incoming, queues.deferred, queues.deadLetters.active),
    send(queues.active, queues.corrupt, ...otherTransports),
    ...readTransportMap(surroundings),
    useTable(stores.queueTable, 'PutItem', 'GetItem', 'UpdateItem', 'Query'),
    ...readBodies(surroundings),
    ...writeCorruptCopies(stores.messageBucket),
    publish(topics.bounce),
    ...underKey(surroundings, { writes: ['sqs', 'sns', 'dynamodb'] }),
  ];
}

/**
 * lmtp: delivers, and wakes what waits for the places that it frees in active. Only it and check may read secrets, and only those
 * that the stack was given.
 */
export function lmtpPermissions(surroundings: Surroundings): PolicyStatement[] {
  const { queues, stores, topics, secrets } = surroundings;
  return [
    consume(queues.active),
    send(queues.deferred, queues.corrupt),
    useTable(stores.queueTable, 'GetItem', 'UpdateItem', 'PutItem'),
    queryIndexes(stores.queueTable, queueTableSchema.waitingIndex.name),
    ...readBodies(surroundings),
    ...deleteBodies(surroundings),
    ...writeCorruptCopies(stores.messageBucket),
    publish(topics.bounce, topics.notice),
    ...readSecrets(secrets),
    ...underKey(surroundings, { writes: ['sqs', 'sns', 'dynamodb'] }),
  ];
}

/** check: looks at mail servers as lmtp does, with the secrets it has, and sees neither mail nor queue. */
export function checkPermissions(surroundings: Surroundings): PolicyStatement[] {
  return [...readTransportMap(surroundings), ...readSecrets(surroundings.secrets)];
}

/** showq: draws what the indexes say, what is known of destinations, and how much lies in the queues. It writes nothing. */
export function showqPermissions(surroundings: Surroundings): PolicyStatement[] {
  const { queues, stores } = surroundings;
  const { dueIndex, waitingIndex } = queueTableSchema;
  return [
    useTable(stores.queueTable, 'GetItem', 'BatchGetItem'),
    queryIndexes(stores.queueTable, dueIndex.name, waitingIndex.name),
    measure(queues),
    ...underKey(surroundings, { reads: ['dynamodb'] }),
  ];
}

/**
 * postsuper: what the buttons of the dashboard do. It changes deliveries and destinations, wakes what is let go, and asks for
 * checks. It sees no body of any mail, puts nothing into the queue and takes nothing out of it.
 */
export function postsuperPermissions(surroundings: Surroundings, check: IFunction): PolicyStatement[] {
  const { queues, stores, topics } = surroundings;
  return [
    useTable(stores.queueTable, 'GetItem', 'UpdateItem'),
    queryIndexes(stores.queueTable, queueTableSchema.waitingIndex.name),
    send(queues.deferred),
    publish(topics.bounce),
    allow(['lambda:InvokeFunction'], [check.functionArn]),
    ...deleteBodies(surroundings),
    ...underKey(surroundings, { writes: ['sqs', 'sns', 'dynamodb'] }),
  ];
}

/** sweep: finds what is overdue and wakes it. It sees no mail. */
export function sweepPermissions(surroundings: Surroundings): PolicyStatement[] {
  const { queues, stores, topics } = surroundings;
  return [
    queryIndexes(stores.queueTable, queueTableSchema.dueIndex.name, queueTableSchema.waitingIndex.name),
    useTable(stores.queueTable, 'GetItem', 'UpdateItem'),
    send(queues.active, queues.deferred),
    publish(topics.bounce),
    ...deleteBodies(surroundings),
    ...underKey(surroundings, { writes: ['sqs', 'sns', 'dynamodb'] }),
  ];
}

/**
 * bounce: tells what became of mail. Reads what it is about, writes reports and asks incoming to deliver them, or has Amazon
 * SES send them.
 *
 * @param sesSender an address that SES has verified; absent where no report leaves through SES
 */
export function bouncePermissions(
  surroundings: Surroundings,
  stack: Stack,
  sesSender: string | undefined,
): PolicyStatement[] {
  const { queues, stores, topics } = surroundings;
  return [
    consume(queues.bounce),
    send(queues.incoming),
    ...readTransportMap(surroundings),
    useTable(stores.queueTable, 'PutItem', 'UpdateItem', 'Query'),
    publish(topics.notice),
    ...readBodies(surroundings),
    allow(['s3:PutObject'], [stores.messageBucket.arnForObjects(`${reportPrefix}*`)]),
    ...useKey(stores.messageBucket.encryptionKey, 'kms:GenerateDataKey'),
    ...underKey(surroundings, { writes: ['sqs', 'sns', 'dynamodb'] }),
    ...(sesSender === undefined ? [] : [sendThroughSes(stack, sesSender)]),
  ];
}

/** What SES has verified may be the address, its domain, or a domain above. */
function sendThroughSes(stack: Stack, sender: string): PolicyStatement {
  const labels = sender.slice(sender.lastIndexOf('@') + 1).split('.');
  const domains = labels.slice(0, -1).map((_, index) => labels.slice(index).join('.'));
  const resources = [sender, ...domains].map((resourceName) =>
    stack.formatArn({ service: 'ses', resource: 'identity', resourceName }),
  );
  return new PolicyStatement({
    actions: ['ses:SendBounce', 'ses:SendRawEmail'],
    resources,
    conditions: { StringEquals: { 'ses:FromAddress': sender } },
  });
}

/**
 * What Lambda does in the name of a function that is in a VPC: it makes a network interface, and takes it away. EC2 knows no
 * narrower resource for it, so the function's own code is kept from all of it: its calls, and they alone, carry the ARN of a
 * function.
 */
export function networkPermissions(): PolicyStatement[] {
  const actions = [
    'ec2:AssignPrivateIpAddresses',
    'ec2:CreateNetworkInterface',
    'ec2:DeleteNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:UnassignPrivateIpAddresses',
  ];
  const byOurCode = { Null: { 'lambda:SourceFunctionArn': 'false' } };
  return [
    new PolicyStatement({ actions, resources: ['*'] }),
    new PolicyStatement({ effect: Effect.DENY, actions, resources: ['*'], conditions: byOurCode }),
  ];
}

/** Writing one's own log; without logs:CreateLogGroup, since the stack made the group and its retention. */
export function logPermissions(logGroup: ILogGroup): PolicyStatement {
  return allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]);
}

/**
 * Submitting mail: a body into the message bucket, a request into incoming.
 *
 * @param prefix where in the bucket, such as `in/`
 */
export function submitPermissions(surroundings: Surroundings, prefix: string): PolicyStatement[] {
  const { queues, stores } = surroundings;
  const { messageBucket } = stores;
  return [
    send(queues.incoming),
    allow(['s3:PutObject'], [messageBucket.arnForObjects(`${prefix}*`)]),
    ...useKey(messageBucket.encryptionKey, 'kms:GenerateDataKey', 'kms:Decrypt'),
    ...underKey(surroundings, { writes: ['sqs'] }),
  ];
}

/**
 * Looking after the queue: every item and record of the table, bodies to be pinned anew, copies of what is corrupt, requests
 * put right, wake-ups and bounces, and how much lies in the queues. No content of any mail is written.
 */
export function operatorPermissions(surroundings: Surroundings): PolicyStatement[] {
  const { queues, stores, topics } = surroundings;
  const { dueIndex, waitingIndex } = queueTableSchema;
  return [
    useTable(stores.queueTable, 'GetItem', 'BatchGetItem', 'UpdateItem', 'Query'),
    queryIndexes(stores.queueTable, dueIndex.name, waitingIndex.name),
    send(queues.incoming, queues.deferred),
    publish(topics.bounce),
    ...readBodies(surroundings),
    ...deleteBodies(surroundings),
    measure(queues),
    ...underKey(surroundings, { writes: ['sqs', 'sns', 'dynamodb'] }),
  ];
}

/** How much lies in the queues and in their dead letters. */
function measure({ incoming, active, deferred, bounce, corrupt, deadLetters }: Queues): PolicyStatement {
  return allow(
    ['sqs:GetQueueAttributes', 'sqs:GetQueueUrl'],
    [incoming, active, deferred, bounce, corrupt, ...Object.values(deadLetters)].map(({ queueArn }) => queueArn),
  );
}

function allow(actions: string[], resources: string[]): PolicyStatement {
  return new PolicyStatement({ actions, resources });
}

/** What a trigger does in the function's name, and giving a message back early (ChangeMessageVisibility). */
function consume(...queues: IQueue[]): PolicyStatement {
  return allow(
    ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
    queues.map(({ queueArn }) => queueArn),
  );
}

function send(...queues: Pick<IQueue, 'queueArn'>[]): PolicyStatement {
  return allow(
    ['sqs:SendMessage'],
    queues.map(({ queueArn }) => queueArn),
  );
}

function useTable(
  table: TableV2,
  ...operations: ('GetItem' | 'BatchGetItem' | 'PutItem' | 'UpdateItem' | 'Query')[]
): PolicyStatement {
  return allow(
    operations.map((operation) => `dynamodb:${operation}`),
    [table.tableArn],
  );
}

function queryIndexes(table: TableV2, ...names: string[]): PolicyStatement {
  return allow(
    ['dynamodb:Query'],
    names.map((name) => `${table.tableArn}/index/${name}`),
  );
}

/**
 * ListBucket is what makes S3 say "no such key" where it would say "denied": corrupt the one, soft the other. S3 asks for it as if
 * the key were the prefix of a listing, so the permission holds below the prefixes of bodies, and never for a list of the whole
 * bucket.
 */
function readBodies({ stores, allowedBuckets, bodyPrefixes = [] }: Surroundings): PolicyStatement[] {
  const { messageBucket } = stores;
  const prefixes = bodyPrefixes.length === 0 ? [] : [...bodyPrefixes, ...Object.values(ownPrefixes)];
  return [
    ...readObjects([messageBucket], prefixes),
    ...readObjects(allowedBuckets, []),
    ...[messageBucket, ...allowedBuckets].flatMap(({ encryptionKey }) => useKey(encryptionKey, 'kms:Decrypt')),
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

/** The mark of a deletion on a body that nobody needs any more. Its version stays for as long as the bucket's rule says. */
function deleteBodies({ stores, deletesBodies = false, bodyPrefixes = [] }: Surroundings): PolicyStatement[] {
  if (!deletesBodies) return [];
  const patterns = bodyPrefixes.length === 0 ? ['*'] : [...bodyPrefixes, reportPrefix].map((prefix) => `${prefix}*`);
  return [
    allow(
      ['s3:DeleteObject'],
      patterns.map((pattern) => stores.messageBucket.arnForObjects(pattern)),
    ),
  ];
}

function readTransportMap({ transportMapObject }: Surroundings): PolicyStatement[] {
  if (transportMapObject === undefined) return [];
  const { bucket, key } = transportMapObject;
  return [allow(['s3:GetObject'], [bucket.arnForObjects(key)]), ...useKey(bucket.encryptionKey, 'kms:Decrypt')];
}

function writeCorruptCopies(bucket: MailBucket): PolicyStatement[] {
  return [
    allow(['s3:PutObject'], [bucket.arnForObjects(`${corruptPrefix}*`)]),
    ...useKey(bucket.encryptionKey, 'kms:GenerateDataKey'),
  ];
}

function publish(...topics: { readonly topicArn: string }[]): PolicyStatement {
  return allow(
    ['sns:Publish'],
    topics.map(({ topicArn }) => topicArn),
  );
}

function readSecrets(secrets: readonly AnySecret[]): PolicyStatement[] {
  if (secrets.length === 0) return [];
  return [
    allow(
      ['secretsmanager:GetSecretValue'],
      secrets.map(({ secretArn, secretFullArn }) => secretFullArn ?? `${secretArn}-??????`),
    ),
    ...secrets.flatMap(({ encryptionKey }) => useKey(encryptionKey, 'kms:Decrypt')),
  ];
}

function underKey({ encryptionKey }: Surroundings, use: KeyUse): PolicyStatement[] {
  return keyStatements(encryptionKey, use);
}

function useKey(key: IKey | undefined, ...actions: string[]): PolicyStatement[] {
  return key === undefined ? [] : [allow(actions, [key.keyArn])];
}
