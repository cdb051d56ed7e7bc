/**
 * The permissions of each function: every action and resource is listed, so that this file shows what an attacker could do who took
 * over a function.
 *
 * wildcards.ts has the reason for each wildcard in a resource; a test compares the two.
 */
import type { Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { ownPrefixes } from '../../functions/incoming/own-objects.ts';
import { queueTableSchema } from '../../functions/queue/items/table-schema.ts';
import { unboundActions } from '../security/wildcards.ts';
import { keyOf } from './key-use.ts';
import type { PermittedResources } from './permitted-resources.ts';
import {
  allow,
  consume,
  deleteBodies,
  giveBack,
  measure,
  publish,
  queryIndexes,
  readBodies,
  readParameterFiles,
  readSecrets,
  readSettings,
  readTransportMap,
  send,
  sendUnderKeys,
  underKey,
  useTable,
  writeCorruptCopies,
  writeNotifiedMail,
} from './statements.ts';

export type { AnySecret, PermittedResources } from './permitted-resources.ts';

/**
 * qmgr: admits requests and wake-ups, writes the table, sends to active. It reads bodies for their size and envelope, and stores
 * mail that arrives inside a notification.
 */
export function qmgrPermissions(resources: PermittedResources): PolicyStatement[] {
  const { queues, stores, topics, otherTransports = [] } = resources;
  return [
    consume(queues.incoming, queues.deferred, queues.deadLetters.active),
    // It moves dead letters of active to deferred.
    send(queues.active, queues.deferred, queues.corrupt, ...otherTransports),
    ...readTransportMap(resources),
    useTable(stores.queueTable, 'PutItem', 'GetItem', 'UpdateItem', 'Query'),
    ...readBodies(resources),
    ...deleteBodies(resources),
    ...writeCorruptCopies(stores.messageBucket),
    ...writeNotifiedMail(stores.messageBucket),
    publish(topics.bounce),
    ...underKey(resources, { writes: ['sqs', 'sns', 'dynamodb'] }),
    ...sendUnderKeys(otherTransports, resources.encryptionKey),
  ];
}

/**
 * lmtp: delivers, and wakes deliveries for the places that it frees in active. Only it and check may read secrets, and only those of
 * the stack's properties.
 */
export function lmtpPermissions(resources: PermittedResources): PolicyStatement[] {
  const { queues, stores, topics, secrets } = resources;
  return [
    consume(queues.active),
    giveBack(queues.active),
    send(queues.deferred, queues.corrupt),
    useTable(stores.queueTable, 'GetItem', 'UpdateItem', 'PutItem'),
    ...settingsBeside(resources),
    queryIndexes(stores.queueTable, queueTableSchema.waitingIndex.name),
    ...readBodies(resources),
    ...deleteBodies(resources),
    ...writeCorruptCopies(stores.messageBucket),
    publish(topics.bounce, topics.notice),
    ...readSecrets(secrets),
    ...readParameterFiles(resources),
    ...underKey(resources, { writes: ['sqs', 'sns', 'dynamodb'] }),
  ];
}

/** The live settings, for a function that may delete bodies: then it may query the whole table. */
function settingsBeside({ stores, deletesBodies }: PermittedResources): PolicyStatement[] {
  return deletesBodies === true ? [] : [readSettings(stores.queueTable)];
}

/** check: connects to mail servers as lmtp does, with the same secrets and settings. It can read neither mail nor queue. */
export function checkPermissions(resources: PermittedResources): PolicyStatement[] {
  return [
    ...readTransportMap(resources),
    ...readSecrets(resources.secrets),
    ...readParameterFiles(resources),
    readSettings(resources.stores.queueTable),
    ...underKey(resources, { reads: ['dynamodb'] }),
  ];
}

/** showq: draws what the indexes say, what is known of a message or destination, and how much lies in the queues. It writes nothing. */
export function showqPermissions(resources: PermittedResources): PolicyStatement[] {
  const { queues, stores } = resources;
  const { dueIndex, waitingIndex } = queueTableSchema;
  return [
    useTable(stores.queueTable, 'GetItem', 'BatchGetItem', 'Query'),
    queryIndexes(stores.queueTable, dueIndex.name, waitingIndex.name),
    ...measure(queues),
    ...underKey(resources, { reads: ['dynamodb'] }),
  ];
}

/**
 * postsuper: carries out the buttons of the dashboard. It changes deliveries and destinations, wakes released deliveries, and
 * invokes check. It cannot read bodies, add mail to the queue or remove mail from it.
 */
export function postsuperPermissions(resources: PermittedResources, check: IFunction): PolicyStatement[] {
  const { queues, stores, topics } = resources;
  return [
    useTable(stores.queueTable, 'GetItem', 'UpdateItem'),
    readSettings(stores.queueTable),
    queryIndexes(stores.queueTable, queueTableSchema.waitingIndex.name),
    send(queues.deferred),
    publish(topics.bounce),
    allow(['lambda:InvokeFunction'], [check.functionArn]),
    ...underKey(resources, { writes: ['sqs', 'sns', 'dynamodb'] }),
  ];
}

/** sweep: finds overdue deliveries and wakes them. It cannot read mail. */
export function sweepPermissions(resources: PermittedResources): PolicyStatement[] {
  const { queues, stores, topics } = resources;
  return [
    queryIndexes(stores.queueTable, queueTableSchema.dueIndex.name, queueTableSchema.waitingIndex.name),
    useTable(stores.queueTable, 'GetItem', 'UpdateItem'),
    ...settingsBeside(resources),
    send(queues.active, queues.deferred),
    publish(topics.bounce),
    ...deleteBodies(resources),
    ...underKey(resources, { writes: ['sqs', 'sns', 'dynamodb'] }),
  ];
}

/**
 * bounce: reports the outcome of mail. It reads the original body, writes reports, and sends requests for them to the incoming queue
 * or the reports to Amazon SES.
 *
 * @param sesSender an address verified by SES; absent if no report is sent by SES
 */
export function bouncePermissions(
  resources: PermittedResources,
  stack: Stack,
  sesSender: string | undefined,
): PolicyStatement[] {
  const { queues, stores, topics } = resources;
  return [
    consume(queues.bounce),
    giveBack(queues.bounce),
    send(queues.incoming),
    ...readTransportMap(resources),
    // The files that reports use (functions/composition/compose-reports.ts).
    ...readParameterFiles(resources, ['relay_domains']),
    useTable(stores.queueTable, 'PutItem', 'UpdateItem', 'Query'),
    publish(topics.notice),
    ...readBodies(resources),
    allow(['s3:PutObject'], [stores.messageBucket.arnForObjects(`${ownPrefixes.reports}*`)]),
    ...keyOf('s3', stores.messageBucket.encryptionKey, 'kms:GenerateDataKey'),
    ...underKey(resources, { writes: ['sqs', 'sns', 'dynamodb'] }),
    ...(sesSender === undefined ? [] : [sendThroughSes(stack, sesSender)]),
  ];
}

/** The verified identity of SES may be the address, its domain, or a parent domain. */
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
 * Lets Lambda create and delete the network interfaces of a function in a VPC, with the function's role. EC2 supports no narrower
 * resource, so the function's code is denied these actions: only its calls carry the ARN of a function.
 */
export function networkPermissions(): PolicyStatement[] {
  const actions = Object.keys(unboundActions).filter((action) => action.startsWith('ec2:'));
  const byOurCode = { Null: { 'lambda:SourceFunctionArn': 'false' } };
  return [
    new PolicyStatement({ actions, resources: ['*'] }),
    new PolicyStatement({ effect: Effect.DENY, actions, resources: ['*'], conditions: byOurCode }),
  ];
}

/** Lets a function write its log; without logs:CreateLogGroup, since the stack creates the group with its retention. */
export function logPermissions(logGroup: ILogGroup): PolicyStatement {
  return allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]);
}
