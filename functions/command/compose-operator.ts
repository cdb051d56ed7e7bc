/**
 * Puts together what an operator's commands work with: the same adapters as in the functions, and a log for a terminal.
 */

import { userInfo } from 'node:os';
import { callerIdentity } from '../aws/caller-identity.ts';
import { type AwsClients, makeClients } from '../aws/clients.ts';
import { DynamoDbCorruptRequests } from '../aws/dynamodb-corrupt-requests.ts';
import { DynamoDbDestinations } from '../aws/dynamodb-destinations.ts';
import { DynamoDbLedger } from '../aws/dynamodb-ledger.ts';
import { DynamoDbQueries } from '../aws/dynamodb-queries.ts';
import { S3Bodies } from '../aws/s3-bodies.ts';
import { SnsEvents } from '../aws/sns-events.ts';
import { SqsDepths } from '../aws/sqs-depths.ts';
import { SqsWakeUps } from '../aws/sqs-wake-ups.ts';
import { transportName } from '../composition.ts';
import { escaped } from '../disposition/postfix-line.ts';
import { EnvironmentError, environmentNames as names, requireVariable } from '../environment.ts';
import type { OperatorServices } from '../operator/operator.ts';
import type { QueueDepths } from '../operator/ports.ts';
import { ParameterError, parametersFromEnvironment } from '../parameters.ts';
import type { Log } from '../queue/log.ts';
import { systemClock } from '../session/clock.ts';
import { awsFault } from './aws-fault.ts';
import { Failure } from './failure.ts';
import type { Stack } from './stack.ts';

/** What a command works with. */
export interface Operation {
  readonly services: OperatorServices;
  readonly depths: QueueDepths;
  /** Who we are: an AWS identity; `local/` and the user's name at a stack of this machine. */
  whoAmI(): Promise<string>;
}

/**
 * Builds it for a stack.
 *
 * @throws Failure where the stack's variables are not whole
 */
export function composeOperation(stack: Stack): Operation {
  try {
    const clients = makeClients();
    return {
      services: composeServices(clients, stack.variables),
      depths: composeDepths(clients, stack.variables),
      whoAmI: async () => (stack.isLocal ? `local/${userInfo().username}` : await askAws()),
    };
  } catch (error) {
    if (error instanceof EnvironmentError || error instanceof ParameterError) {
      throw new Failure('usage', error.message, { cause: error });
    }
    throw error;
  }
}

function composeServices(clients: AwsClients, variables: Stack['variables']): OperatorServices {
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
    log: terminalLog,
  };
}

function composeDepths({ sqs }: AwsClients, variables: Stack['variables']): QueueDepths {
  const bounceUrl = variables[names.bounceQueueUrl];
  return new SqsDepths(sqs, [
    ...(bounceUrl === undefined ? [] : [{ name: 'bounce', kind: 'events', url: bounceUrl } as const]),
    { name: 'incoming', kind: 'requests', url: requireVariable(variables, names.incomingQueueUrl) },
    { name: 'active', kind: 'wake-ups', url: requireVariable(variables, names.activeQueueUrl) },
    { name: 'deferred', kind: 'wake-ups', url: requireVariable(variables, names.deferredQueueUrl) },
    { name: 'corrupt', kind: 'corrupt', url: requireVariable(variables, names.corruptQueueUrl) },
  ]);
}

async function askAws(): Promise<string> {
  try {
    return await callerIdentity();
  } catch (error) {
    throw awsFault(error, 'AWS does not say who we are, and nothing is changed by nobody');
  }
}

/** What is worth a line is what went wrong: what was changed is printed by the command. */
const terminalLog: Log = {
  delivery: () => {},
  note: (level, message, { error, ...facts }) => {
    if (level === 'info') return;
    const words = error === undefined ? '' : `: ${String(error)}`;
    process.stderr.write(`${level}: ${escaped(`${message} ${JSON.stringify(facts)}${words}`)}\n`);
  },
};
