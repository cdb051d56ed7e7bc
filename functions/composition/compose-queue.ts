/**
 * Composes the services of a function from its environment. Only here ports meet their adapters.
 */

import { type AwsClients, type AwsPatience, makeClients } from '../aws/clients.ts';
import { DynamoDbDestinations } from '../aws/dynamodb-destinations.ts';
import { DynamoDbLedger } from '../aws/dynamodb-ledger.ts';
import { DynamoDbQueries } from '../aws/dynamodb-queries.ts';
import { DynamoDbSettings } from '../aws/dynamodb-settings.ts';
import { dynamoDbTrouble } from '../aws/dynamodb-trouble.ts';
import { metricsFromEnvironment } from '../aws/emf-metrics.ts';
import { makeLog } from '../aws/function-log.ts';
import { S3Bodies } from '../aws/s3-bodies.ts';
import { S3CorruptQueue } from '../aws/s3-corrupt-queue.ts';
import { S3MapSource } from '../aws/s3-map-source.ts';
import { S3SpentBodies } from '../aws/s3-spent-bodies.ts';
import { SnsEvents } from '../aws/sns-events.ts';
import { SqsWakeUps } from '../aws/sqs-wake-ups.ts';
import { cleanupRules } from '../delivery/preparation.ts';
import type { Log } from '../log/log.ts';
import type { InvocationMetrics } from '../metrics/invocation.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { environmentNames as names, requireVariable } from '../parameters/environment.ts';
import {
  type ParameterName,
  type Parameters,
  parametersFromEnvironment,
  type WrittenParameters,
  writtenInEnvironment,
} from '../parameters/parameters.ts';
import { Fallbacks } from '../queue/destinations/fallbacks.ts';
import { Scheduler } from '../queue/destinations/scheduler.ts';
import type { QueueServices } from '../queue/destinations/services.ts';
import type { CorruptQueue } from '../queue/items/ports.ts';
import { Disposal } from '../queue/writes/disposal.ts';
import { TableWrites } from '../queue/writes/table-writes.ts';
import { optional } from '../request/fields.ts';
import { LiveParameters, type SettingsLog } from '../settings/live-parameters.ts';
import { ParameterFiles, type ReadObject } from '../settings/parameter-files.ts';
import type { SettingsStore } from '../settings/version.ts';
import { systemClock } from '../time/clock.ts';

/** The environment variables of a stack. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The services of a function, over real AWS clients. */
export interface Composition {
  /** The parameters in force. */
  readonly live: LiveParameters;
  /** Returns the services with these parameters; what the container knows about destinations stays. */
  readonly servicesWith: (parameters: Parameters) => QueueServices;
  readonly clients: AwsClients;
  /** For the handler; absent if metrics are off. */
  readonly metrics: InvocationMetrics | undefined;
}

/**
 * Returns the services from a function's environment.
 *
 * @param options among them time limits of AWS calls; absent: the defaults of the clients
 * @throws EnvironmentError, ParameterError: the function does not start, and its log names the variable
 */
export function compose(
  serviceName: string,
  environment: NodeJS.ProcessEnv,
  { patience, ...options }: LiveOptions & { readonly patience?: AwsPatience } = {},
): Composition {
  const clients = makeClients(patience);
  const log = makeLog(serviceName);
  const live = composeLive(clients, environment, log, options);
  const queue = composeQueue(clients, environment, log, live.deployed);
  const { destinations, transport } = queue;
  if (live.deployed.strict_postfix_verdicts) {
    log.note('warn', 'strict_postfix_verdicts=yes is harmful: mail may bounce or be duplicated without need', {});
  }
  const metrics = metricsFromEnvironment(environment, transport);
  const services: QueueServices = {
    ...queue,
    scheduler: new Scheduler(destinations),
    fallbacks: new Fallbacks(destinations),
    writes: new TableWrites({ troubleOf: dynamoDbTrouble }),
    corrupt: counting(
      new S3CorruptQueue(clients, {
        bucket: requireVariable(environment, names.messageBucket),
        table: requireVariable(environment, names.queueTable),
        queueUrl: requireVariable(environment, names.corruptQueueUrl),
      }),
      metrics,
    ),
    ...optional('metrics', metrics),
  };
  return {
    live,
    servicesWith: (parameters) => ({ ...services, ...parametric(clients, parameters) }),
    clients,
    metrics,
  };
}

/** What differs between functions about their parameters. */
export interface LiveOptions {
  /** The function's own defaults. */
  readonly defaults?: WrittenParameters;
  /** Parameters that the function uses and that name files; default: none. Objects of others are not read. */
  readonly filesOf?: readonly ParameterName[] | 'all';
}

/**
 * Returns the parameters of a function: those of its environment, with the live settings over them.
 *
 * @throws EnvironmentError, ParameterError
 */
export function composeLive(
  clients: Pick<AwsClients, 'table' | 's3'>,
  variables: Variables,
  log: SettingsLog,
  { defaults = {}, filesOf = [] }: LiveOptions = {},
): LiveParameters {
  const files = new ParameterFiles(
    objectReader(clients.s3),
    (name) => filesOf === 'all' || filesOf.includes(name),
    (url, error) =>
      log.note('warn', 'file of a parameter cannot be read; the previous one stays in use', { file: url, error }),
  );
  const deployed = { ...defaults, ...writtenInEnvironment(variables) };
  return new LiveParameters({ deployed, store: composeSettings(clients, variables), files, clock: systemClock, log });
}

function objectReader(s3: AwsClients['s3']): ReadObject {
  return async (url, known) => {
    const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(url) ?? [];
    return await new S3MapSource(s3, { bucket, key }).read(known);
  };
}

/**
 * Returns the live settings of a stack.
 *
 * @throws EnvironmentError
 */
export function composeSettings({ table }: Pick<AwsClients, 'table'>, variables: Variables): SettingsStore {
  return new DynamoDbSettings(table, requireVariable(variables, names.queueTable));
}

/**
 * Returns the services that functions and operators share: table, queues, topic and bodies.
 *
 * @param parameters default: those of the environment
 * @throws EnvironmentError, ParameterError
 */
export function composeQueue(
  clients: AwsClients,
  variables: Variables,
  log: Log,
  parameters: Parameters = parametersFromEnvironment(variables),
) {
  const table = requireVariable(variables, names.queueTable);
  return {
    ledger: new DynamoDbLedger(clients.table, table),
    queries: new DynamoDbQueries(clients.table, table),
    destinations: new DynamoDbDestinations(clients.table, table),
    wakeUps: new SqsWakeUps(clients.sqs, {
      active: requireVariable(variables, names.activeQueueUrl),
      deferred: requireVariable(variables, names.deferredQueueUrl),
    }),
    events: new SnsEvents(clients.sns, requireVariable(variables, names.bounceTopicArn)),
    ...parametric(clients, parameters),
    transport: transportName(variables),
    clock: systemClock,
    random: Math.random,
    log,
    ...optional('disposal', composeDisposal(variables, clients)),
  };
}

/** The services that depend on parameters. */
function parametric({ s3 }: Pick<AwsClients, 's3'>, parameters: Parameters) {
  return { parameters, bodies: new S3Bodies(s3, cleanupRules(parameters)) };
}

/** Returns the disposal of bodies; undefined if bodies are never deleted. */
function composeDisposal(environment: Variables, { s3 }: Pick<AwsClients, 's3'>): Disposal | undefined {
  if ((environment[names.bodyRetention] ?? '') === '') return undefined;
  return new Disposal(requireVariable(environment, names.messageBucket), new S3SpentBodies(s3));
}

/** Counts corrupt requests and deliveries as a metric. */
function counting(corrupt: CorruptQueue, metrics: Metrics | undefined): CorruptQueue {
  return {
    file: async (notice) => {
      await corrupt.file(notice);
      metrics?.add('Corrupt');
    },
  };
}

/** The master.cf service name of the function's transport. */
export function transportName(environment: NodeJS.ProcessEnv): string {
  return environment[names.transport] || 'lmtp';
}
