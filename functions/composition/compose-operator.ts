/**
 * Composes the services of operators, with the adapters of the functions, for the command line and for the functions of
 * the dashboard.
 */

import type { AwsClients } from '../aws/clients.ts';
import { DynamoDbCorruptRequests } from '../aws/dynamodb-corrupt-requests.ts';
import { SqsDepths } from '../aws/sqs-depths.ts';
import type { Log } from '../log/log.ts';
import type { OperatorServices } from '../operator/operator.ts';
import type { QueueDepths } from '../operator/ports.ts';
import { environmentNames as names, requireVariable } from '../parameters/environment.ts';
import type { Parameters } from '../parameters/parameters.ts';
import { composeQueue, type Variables } from './compose-queue.ts';

/**
 * Returns the services of a stack.
 *
 * @param parameters default: those of the variables
 * @throws EnvironmentError, ParameterError if a variable is missing or wrong
 */
export function composeServices(
  clients: AwsClients,
  variables: Variables,
  log: Log,
  parameters?: Parameters,
): OperatorServices {
  return {
    ...composeQueue(clients, variables, log, parameters),
    corruptRequests: new DynamoDbCorruptRequests(clients, {
      table: requireVariable(variables, names.queueTable),
      incomingUrl: requireVariable(variables, names.incomingQueueUrl),
    }),
  };
}

/**
 * Returns the depths of a stack's queues.
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
