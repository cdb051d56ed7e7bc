/**
 * What each function may do: every action and resource written out, so that this file can be read as the answer to "what if
 * that function is taken over?".
 *
 * Where a resource ends in a wildcard, wildcards.ts says why; a test holds the two together.
 */
import type { Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { ownPrefixes } from '../../functions/incoming/own-objects.ts';
import { queueTableSchema } from '../../functions/queue/items/table-schema.ts';
import { unboundActions } from '../security/wildcards.ts';
import { keyOf } from './key-use.ts';
import {
  allow,
  consume,
  deleteBodies,
  giveBack,
  measure,
  publish,
  queryIndexes,
  readBodies,
  readSecrets,
  readTransportMap,
  send,
  sendUnderKeys,
  underKey,
  useTable,
  writeCorruptCopies,
} from './statements.ts';
import type { Surroundings } from './surroundings.ts';

export type { AnySecret, Surroundings } from './surroundings.ts';

/** qmgr: takes in requests and wake-ups, fills the table, sends to active. Reads bodies, for their size and envelope. */
export function qmgrPermissions(surroundings: Surroundings): PolicyStatement[] {
  const { queues, stores, topics, otherTransports = [] } = surroundings;
  return [
    consume(queues.incoming, queues.deferred, queues.deadLetters.active),
    // Dead letters of active wait in deferred.
    send(queues.active, queues.deferred, queues.corrupt, ...otherTransports),
    ...readTransportMap(surroundings),
    useTable(stores.queueTable, 'PutItem', 'GetItem', 'UpdateItem', 'Query'),
    ...readBodies(surroundings),
    ...deleteBodies(surroundings),
    ...writeCorruptCopies(stores.messageBucket),
    publish(topics.bounce),
    ...underKey(surroundings, { writes: ['sqs', 'sns', 'dynamodb'] }),
    ...sendUnderKeys(otherTransports, surroundings.encryptionKey),
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
    giveBack(queues.active),
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

/** showq: draws what the indexes say, what is known of a message or destination, and how much lies in the queues. It writes nothing. */
export function showqPermissions(surroundings: Surroundings): PolicyStatement[] {
  const { queues, stores } = surroundings;
  const { dueIndex, waitingIndex } = queueTableSchema;
  return [
    useTable(stores.queueTable, 'GetItem', 'BatchGetItem', 'Query'),
    queryIndexes(stores.queueTable, dueIndex.name, waitingIndex.name),
    ...measure(queues),
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
    giveBack(queues.bounce),
    send(queues.incoming),
    ...readTransportMap(surroundings),
    useTable(stores.queueTable, 'PutItem', 'UpdateItem', 'Query'),
    publish(topics.notice),
    ...readBodies(surroundings),
    allow(['s3:PutObject'], [stores.messageBucket.arnForObjects(`${ownPrefixes.reports}*`)]),
    ...keyOf('s3', stores.messageBucket.encryptionKey, 'kms:GenerateDataKey'),
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
  const actions = Object.keys(unboundActions).filter((action) => action.startsWith('ec2:'));
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
