/** What people and producers may do who are let in to a stack: submit, look, look after. */
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { queueTableSchema } from '../../functions/queue/items/table-schema.ts';
import { keyOf } from './key-use.ts';
import {
  allow,
  deleteBodies,
  measure,
  publish,
  queryIndexes,
  readBodies,
  send,
  underKey,
  useTable,
} from './statements.ts';
import type { Surroundings } from './surroundings.ts';
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
    ...keyOf('s3', messageBucket.encryptionKey, 'kms:GenerateDataKey', 'kms:Decrypt'),
    ...underKey(surroundings, { writes: ['sqs'] }),
  ];
}

/** What whoever looks after a stack works with, beside its surroundings. */
export interface OperatorPlaces {
  readonly logGroups: readonly ILogGroup[];
  readonly check: IFunction;
  /** Draws the screens of the dashboard, in the name of whoever looks at it. */
  readonly showq: IFunction;
  /** Does what the buttons of the dashboard are for, in the name of whoever presses them. */
  readonly postsuper: IFunction;
}

/**
 * Looking at the queue, and changing nothing: every item and record of the table, how much lies in the queues, and the logs. No
 * mail can be read.
 */
export function observerPermissions(
  surroundings: Surroundings,
  { logGroups, showq }: Pick<OperatorPlaces, 'logGroups' | 'showq'>,
): PolicyStatement[] {
  const { queues, stores } = surroundings;
  const { dueIndex, waitingIndex } = queueTableSchema;
  return [
    useTable(stores.queueTable, 'GetItem', 'BatchGetItem', 'Query'),
    queryIndexes(stores.queueTable, dueIndex.name, waitingIndex.name),
    ...measure(queues),
    allow(
      ['logs:FilterLogEvents', 'logs:StartQuery'],
      logGroups.map(({ logGroupArn }) => logGroupArn),
    ),
    allow(['logs:GetQueryResults'], ['*']),
    allow(['lambda:InvokeFunction'], [showq.functionArn]),
    ...underKey(surroundings, { reads: ['dynamodb'] }),
  ];
}

/**
 * Looking after the queue: what may be looked at, and items changed, bodies pinned anew, copies of what is corrupt read, requests
 * put right, wake-ups and bounces sent, servers checked. No content of any mail is written.
 */
export function operatorPermissions(surroundings: Surroundings, places: OperatorPlaces): PolicyStatement[] {
  const { queues, stores, topics } = surroundings;
  return [
    ...observerPermissions(surroundings, places),
    useTable(stores.queueTable, 'UpdateItem'),
    send(queues.incoming, queues.deferred),
    publish(topics.bounce),
    ...readBodies(surroundings),
    ...deleteBodies(surroundings),
    allow(['lambda:InvokeFunction'], [places.check.functionArn, places.postsuper.functionArn]),
    ...underKey(surroundings, { writes: ['sqs', 'sns', 'dynamodb'] }),
  ];
}
