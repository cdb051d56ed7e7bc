/**
 * Puts a function together: environment in, services out. The only place where ports meet their adapters.
 */

import { type AwsClients, makeClients } from './aws/clients.ts';
import { DynamoDbDestinations } from './aws/dynamodb-destinations.ts';
import { DynamoDbLedger } from './aws/dynamodb-ledger.ts';
import { DynamoDbQueries } from './aws/dynamodb-queries.ts';
import { makeLog } from './aws/function-log.ts';
import { S3Bodies } from './aws/s3-bodies.ts';
import { S3CorruptQueue } from './aws/s3-corrupt-queue.ts';
import { SnsEvents } from './aws/sns-events.ts';
import { SqsWakeUps } from './aws/sqs-wake-ups.ts';
import { environmentNames as names, requireVariable } from './environment.ts';
import { parametersFromEnvironment } from './parameters.ts';
import { Cautions } from './queue/cautions.ts';
import { Scheduler } from './queue/scheduler.ts';
import type { Services } from './queue/services.ts';
import { systemClock } from './session/clock.ts';

/** The services of a function, over real AWS clients. */
export interface Composition {
  readonly services: Services;
  readonly clients: AwsClients;
}

/**
 * Builds the services from a function's environment.
 *
 * @throws EnvironmentError, ParameterError: the function then does not start, and says what is wrong
 */
export function compose(serviceName: string, environment: NodeJS.ProcessEnv): Composition {
  const clients = makeClients();
  const table = requireVariable(environment, names.queueTable);
  const parameters = parametersFromEnvironment(environment);
  const log = makeLog(serviceName);
  if (parameters.strict_postfix_verdicts) {
    log.note('warn', 'strict_postfix_verdicts=yes is harmful: mail may bounce or be doubled that need not be', {});
  }
  const destinations = new DynamoDbDestinations(clients.table, table);
  const services: Services = {
    ledger: new DynamoDbLedger(clients.table, table),
    queries: new DynamoDbQueries(clients.table, table),
    destinations,
    scheduler: new Scheduler(destinations),
    cautions: new Cautions(destinations),
    wakeUps: new SqsWakeUps(clients.sqs, {
      active: requireVariable(environment, names.activeQueueUrl),
      deferred: requireVariable(environment, names.deferredQueueUrl),
    }),
    events: new SnsEvents(clients.sns, requireVariable(environment, names.bounceTopicArn)),
    bodies: new S3Bodies(clients.s3),
    corrupt: new S3CorruptQueue(clients, {
      bucket: requireVariable(environment, names.messageBucket),
      table,
      queueUrl: requireVariable(environment, names.corruptQueueUrl),
    }),
    parameters,
    transport: transportName(environment),
    clock: systemClock,
    random: Math.random,
    log,
  };
  return { services, clients };
}

/** The master.cf service name of the function's transport. */
export function transportName(environment: NodeJS.ProcessEnv): string {
  return environment[names.transport] || 'lmtp';
}
