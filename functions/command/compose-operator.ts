/**
 * Composes what the operator's commands need: the stack's services, a log for the terminal, and the caller's identity.
 */

import { userInfo } from 'node:os';
import { callerIdentity } from '../aws/caller-identity.ts';
import { makeClients } from '../aws/clients.ts';
import type { AwsSettings } from '../aws/settings.ts';
import { composeDepths, composeServices } from '../composition/compose-operator.ts';
import type { Log } from '../log/log.ts';
import { escaped } from '../log/postfix-line.ts';
import type { OperatorServices } from '../operator/operator.ts';
import type { QueueDepths } from '../operator/ports.ts';
import { EnvironmentError } from '../parameters/environment.ts';
import { ParameterError } from '../parameters/parameters.ts';
import { awsFault, Failure } from './failure.ts';
import type { Run } from './run.ts';
import type { Stack } from './stack.ts';

/** What a command needs. */
export interface Operation {
  readonly services: OperatorServices;
  readonly depths: QueueDepths;
  /** The caller: an AWS identity; for a local stack, `local/` and the user's name. */
  caller(): Promise<string>;
}

/**
 * Returns what a command needs for a stack.
 *
 * @throws Failure if a variable of the stack is missing or invalid
 */
export function composeOperation(stack: Stack, run: Pick<Run, 'env' | 'aws' | 'stderr'>): Operation {
  try {
    const clients = makeClients(undefined, run);
    return {
      services: composeServices(clients, stack.variables, terminalLog(run)),
      depths: composeDepths(clients, stack.variables),
      caller: async () => (stack.isLocal ? `local/${userInfo().username}` : await awsCaller(run.aws)),
    };
  } catch (error) {
    if (error instanceof EnvironmentError || error instanceof ParameterError) {
      throw new Failure('usage', error.message, { cause: error });
    }
    throw error;
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
