/**
 * Composes what the operator's commands need: the stack's services, a log for the terminal, and the caller's identity.
 */

import { userInfo } from 'node:os';
import { callerIdentity } from '../aws/caller-identity.ts';
import { makeClients } from '../aws/clients.ts';
import type { AwsSettings } from '../aws/settings.ts';
import { composeDepths, composeServices } from '../composition/compose-operator.ts';
import { composeSettings } from '../composition/compose-queue.ts';
import type { Log } from '../log/log.ts';
import { escaped } from '../log/postfix-line.ts';
import type { OperatorServices } from '../operator/operator.ts';
import type { QueueDepths } from '../operator/ports.ts';
import { EnvironmentError, environmentNames as names } from '../parameters/environment.ts';
import {
  ParameterError,
  type Parameters,
  parseParameters,
  type WrittenParameters,
  writtenInEnvironment,
} from '../parameters/parameters.ts';
import { wallTime } from '../queue/writes/services.ts';
import { type SettingsStore, valuesAt } from '../settings/version.ts';
import { awsFault, Failure } from './failure.ts';
import type { Run } from './run.ts';
import type { Stack } from './stack.ts';

/** What a command needs. */
export interface Operation {
  /** With the parameters of the deployment. */
  readonly services: OperatorServices;
  /** Returns the services with the parameters in force. */
  live(): Promise<OperatorServices>;
  readonly depths: QueueDepths;
  /** The caller: an AWS identity; for a local stack, `local/` and the user's name. */
  caller(): Promise<string>;
  /** The live settings of the stack. */
  readonly settings: SettingsStore;
  /** Whether its functions read them; those of an earlier release do not. */
  readonly readsSettings: boolean;
  /** The parameters of its deployment. */
  readonly deployed: WrittenParameters;
  /** Days for which deleted bodies are kept; absent: bodies are not deleted. */
  readonly bodyRetention?: number;
}

/**
 * Returns what a command needs for a stack.
 *
 * @throws Failure if a variable of the stack is missing or invalid
 */
export function composeOperation(stack: Stack, run: Pick<Run, 'env' | 'aws' | 'stderr'>): Operation {
  try {
    const { variables } = stack;
    const clients = makeClients(undefined, run);
    const settings = composeSettings(clients, variables);
    const deployed = writtenInEnvironment(variables);
    const services = composeServices(clients, variables, terminalLog(run), parseParameters(deployed, { readFile }));
    const days = variables[names.bodyRetention] ?? '';
    return {
      services,
      live: async () => ({ ...services, parameters: await parametersInForce({ settings, deployed, services }) }),
      depths: composeDepths(clients, variables),
      caller: async () => (stack.isLocal ? `local/${userInfo().username}` : await awsCaller(run.aws)),
      ...{ settings, deployed, readsSettings: stack.readsSettings },
      ...(days === '' ? {} : { bodyRetention: Number(days) }),
    };
  } catch (error) {
    if (error instanceof EnvironmentError || error instanceof ParameterError) {
      throw new Failure('usage', error.message, { cause: error });
    }
    throw error;
  }
}

/** The files that parameters name are those of the functions; no operator's command uses them. */
const readFile = () => undefined;

async function parametersInForce({
  settings,
  deployed,
  services,
}: Pick<Operation, 'settings' | 'deployed' | 'services'>): Promise<Parameters> {
  const values = valuesAt(await settings.latest(), wallTime(services));
  if (Object.keys(values).length === 0) return services.parameters;
  try {
    return parseParameters({ ...deployed, ...values }, { readFile });
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error;
    // The functions do not use such a version either.
    services.log.note('warn', 'settings cannot be used', { error });
    return services.parameters;
  }
}

async function awsCaller(aws: AwsSettings): Promise<string> {
  try {
    return await callerIdentity(aws);
  } catch (error) {
    throw awsFault(
      error,
      'AWS did not return a caller identity; nothing was changed, because every change is recorded with its author',
    );
  }
}

/** Prints warnings and errors only: the command itself prints the changes. */
function terminalLog({ stderr }: Pick<Run, 'stderr'>): Log {
  return {
    delivery: () => {},
    note: (level, message, { error, ...facts }) => {
      if (level === 'info') return;
      const words = error === undefined ? '' : `: ${String(error)}`;
      stderr.write(`${level}: ${escaped(`${message} ${JSON.stringify(facts)}${words}`)}\n`);
    },
  };
}
