/**
 * Which stack is meant: one that CloudFormation knows, or the one that the environment names, as that of the local stack does.
 */

import { type OperatorSettings, operatorParameters, settingsOutput } from '../operator/settings.ts';
import { environmentNames as names } from '../parameters/environment.ts';
import { variableName } from '../parameters/parameters.ts';
import type { StackOptions } from '../texts/next-command.ts';
import { awsFault } from './aws-fault.ts';
import { defaultStack } from './default-stack.ts';
import { Failure } from './failure.ts';
import type { Run } from './run.ts';
import { readStackOutputs, requireOutput, StackError } from './stack-outputs.ts';

/** A stack, as its functions know it: by variables. */
export interface Stack {
  /** Its name, for people. */
  readonly name: string;
  /** Whether it is one of this machine, where nobody asks who we are. */
  readonly isLocal: boolean;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** The outputs of a stack, by the variables that its functions have for them. */
const outputs = {
  [names.queueTable]: 'QueueTableName',
  [names.messageBucket]: 'MessageBucketName',
  [names.incomingQueueUrl]: 'IncomingQueueUrl',
  [names.activeQueueUrl]: 'ActiveQueueUrl',
  [names.deferredQueueUrl]: 'DeferredQueueUrl',
  [names.corruptQueueUrl]: 'CorruptQueueUrl',
  [names.bounceQueueUrl]: 'BounceQueueUrl',
  [names.bounceTopicArn]: 'BounceTopicArn',
} as const;

/**
 * Finds the stack.
 *
 * @throws Failure where there is none, or AWS cannot be asked
 */
export async function findStack(
  { stack, transport }: StackOptions,
  { env: environment, aws }: Pick<Run, 'env' | 'aws'>,
): Promise<Stack> {
  const table = environment[names.queueTable];
  if (stack === undefined && table !== undefined && table !== '') {
    checkTransport(transport, environment);
    return { name: table, isLocal: isLocal(environment), variables: environment };
  }
  const name = stack ?? defaultStack;
  try {
    const found = await readStackOutputs(name, transport, aws);
    const places = Object.entries(outputs).map(([variable, output]) => [variable, requireOutput(found, name, output)]);
    const settings = readSettings(found.get(settingsOutput));
    const label = transport === undefined ? name : `${name} (${transport})`;
    return { name: label, isLocal: isLocal(environment), variables: { ...settings, ...Object.fromEntries(places) } };
  } catch (error) {
    if (error instanceof StackError) throw new Failure('usage', error.message);
    throw awsFault(error, `the stack "${name}" cannot be looked up`);
  }
}

/** The environment names one transport. */
function checkTransport(transport: string | undefined, environment: Run['env']): void {
  const own = environment[names.transport] || 'lmtp';
  if (transport === undefined || transport === own) return;
  throw new Failure('usage', `--transport: the environment names the stack of "${own}"; --stack NAME says another one`);
}

/** The settings, as variables. A stack that tells none has the usual ones. */
function readSettings(text = '{"transport":""}'): Readonly<Record<string, string>> {
  const { transport, bodyRetention = '', ...parameters } = JSON.parse(text) as OperatorSettings;
  const variables = operatorParameters.flatMap((name) => {
    const value = parameters[name];
    return value === undefined ? [] : [[variableName(name), value]];
  });
  return { ...Object.fromEntries(variables), [names.transport]: transport, [names.bodyRetention]: bodyRetention };
}

/** Whether the table is one of this machine. */
function isLocal(environment: Run['env']): boolean {
  const endpoint = environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? environment['AWS_ENDPOINT_URL'] ?? '';
  return /^https?:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])[:/]/.test(`${endpoint}/`);
}
