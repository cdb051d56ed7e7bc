/**
 * Puts together what an operator's commands work with: the stack's services, a log for a terminal, and who we are.
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
import { awsFault } from './aws-fault.ts';
import { Failure } from './failure.ts';
import type { Run } from './run.ts';
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
export function composeOperation(stack: Stack, run: Pick<Run, 'env' | 'aws' | 'stderr'>): Operation {
  try {
    const clients = makeClients(undefined, run);
    return {
      services: composeServices(clients, stack.variables, terminalLog(run)),
      depths: composeDepths(clients, stack.variables),
      whoAmI: async () => (stack.isLocal ? `local/${userInfo().username}` : await askAws(run.aws)),
    };
  } catch (error) {
    if (error instanceof EnvironmentError || error instanceof ParameterError) {
      throw new Failure('usage', error.message, { cause: error });
    }
    throw error;
  }
}

async function askAws(aws: AwsSettings): Promise<string> {
  try {
    return await callerIdentity(aws);
  } catch (error) {
    throw awsFault(error, 'AWS does not say who we are, and nothing is changed by nobody');
  }
}

/** What is worth a line is what went wrong: what was changed is printed by the command. */
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
