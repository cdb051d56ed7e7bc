/**
 * Puts together what people look after the queue with: the same adapters as in the functions, for the command line and for the
 * functions of the dashboard.
 */

import type { AwsClients } from './aws/clients.ts';
import { DynamoDbCorruptRequests } from './aws/dynamodb-corrupt-requests.ts';
import { DynamoDbDestinations } from './aws/dynamodb-destinations.ts';
import { DynamoDbLedger } from './aws/dynamodb-ledger.ts';
import { DynamoDbQueries } from './aws/dynamodb-queries.ts';
import { S3Bodies } from './aws/s3-bodies.ts';
import { SnsEvents } from './aws/sns-events.ts';
import { SqsDepths } from './aws/sqs-depths.ts';
import { SqsWakeUps } from './aws/sqs-wake-ups.ts';
import { composeDisposal, transportName } from './composition.ts';
import { optional } from './delivery/fields.ts';
import { environmentNames as names, requireVariable } from './environment.ts';
import type { OperatorServices } from './operator/operator.ts';
import type { QueueDepths } from './operator/ports.ts';
import { parametersFromEnvironment } from './parameters.ts';
import type { Log } from './queue/log.ts';
import { systemClock } from './session/clock.ts';

/** What a stack tells of itself. */
type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Builds the services of a stack.
 *
 * @throws EnvironmentError, ParameterError where its variables are not whole
 */
export function composeServices(clients: AwsClients, variables: Variables, log: Log): OperatorServices {
  const table = requireVariable(variables, names.queueTable);
  return {
    ledger: new DynamoDbLedger(clients.table, table),
    queries: new DynamoDbQueries(clients.table, table),
    destinations: new DynamoDbDestinations(clients.table, table),
    corruptRequests: new DynamoDbCorruptRequests(clients, {
      table,
      incomingUrl: requireVariable(variables, names.incomingQueueUrl),
    }),
    wakeUps: new SqsWakeUps(clients.sqs, {
      active: requireVariable(variables, names.activeQueueUrl),
      deferred: requireVariable(variables, names.deferredQueueUrl),
    }),
    events: new SnsEvents(clients.sns, requireVariable(variables, names.bounceTopicArn)),
    bodies: new S3Bodies(clients.s3),
    parameters: parametersFromEnvironment(variables),
    transport: transportName(variables),
    clock: systemClock,
    random: Math.random,
    log,
    ...optional('disposal', composeDisposal(variables, clients)),
  };
}

/**
 * Builds the view of a stack's queues.
 *
 * @throws EnvironmentError
 */
export function composeDepths({ sqs }: AwsClients, variables: Variables): QueueDepths {
  const bounceUrl = variables[names.bounceQueueUrl];
  return new SqsDepths(sqs, [
    ...(bounceUrl === undefined ? [] : [{ name: 'bounce', kind: 'events', url: bounceUrl } as const]),
    { name: 'incoming', kind: 'requests', url: requireVariable(variables, names.incomingQueueUrl) },
    { name: 'active', kind: 'wake-ups', url: requireVariable(variables, names.activeQueueUrl) },
    { name: 'deferred', kind: 'wake-ups', url: requireVariable(variables, names.deferredQueueUrl) },
    { name: 'corrupt', kind: 'corrupt', url: requireVariable(variables, names.corruptQueueUrl) },
  ]);
}
