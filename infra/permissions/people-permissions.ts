/** The permissions of producers and operators: to submit mail, to observe the queue, to operate it. */
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { queueTableSchema } from '../../functions/queue/items/table-schema.ts';
import { keyOf } from './key-use.ts';
import type { PermittedResources } from './permitted-resources.ts';
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
/**
 * Returns the permissions to submit mail: to write a body to the message bucket and send a request to the incoming queue.
 *
 * @param prefix prefix of the body's key, such as `in/`
 */
export function submitPermissions(resources: PermittedResources, prefix: string): PolicyStatement[] {
  const { queues, stores } = resources;
  const { messageBucket } = stores;
  return [
    send(queues.incoming),
    allow(['s3:PutObject'], [messageBucket.arnForObjects(`${prefix}*`)]),
    ...keyOf('s3', messageBucket.encryptionKey, 'kms:GenerateDataKey', 'kms:Decrypt'),
    ...underKey(resources, { writes: ['sqs'] }),
  ];
}

/** What an operator uses beside the resources of the functions. */
export interface OperatorPlaces {
  readonly logGroups: readonly ILogGroup[];
  readonly check: IFunction;
  /** Draws the screens of the dashboard; invoked with the viewer's identity. */
  readonly showq: IFunction;
  /** Carries out the buttons of the dashboard; invoked with the identity of the operator who presses one. */
  readonly postsuper: IFunction;
}

/**
 * Returns the permissions to observe the queue: to read the table, the depths of the queues, and the logs. They do not allow to read
 * mail.
 */
export function observerPermissions(
  resources: PermittedResources,
  { logGroups, showq }: Pick<OperatorPlaces, 'logGroups' | 'showq'>,
): PolicyStatement[] {
  const { queues, stores } = resources;
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
    ...underKey(resources, { reads: ['dynamodb'] }),
  ];
}

/**
 * Returns the permissions to operate the queue: to observe it, change items, pin bodies, read copies of corrupt requests, requeue
 * requests, send wake-ups and bounces, and check servers. They do not allow to write the content of mail.
 */
export function operatorPermissions(resources: PermittedResources, places: OperatorPlaces): PolicyStatement[] {
  const { queues, stores, topics } = resources;
  return [
    ...observerPermissions(resources, places),
    useTable(stores.queueTable, 'UpdateItem'),
    send(queues.incoming, queues.deferred),
    publish(topics.bounce),
    ...readBodies(resources),
    ...deleteBodies(resources),
    allow(['lambda:InvokeFunction'], [places.check.functionArn, places.postsuper.functionArn]),
    ...underKey(resources, { writes: ['sqs', 'sns', 'dynamodb'] }),
  ];
}
