/**
 * The stack of a command: one in CloudFormation, or the one that the environment names, such as the local stack.
 */

import { type OperatorSettings, settingsOutput } from '../operator/settings.ts';
import { environmentNames as names } from '../parameters/environment.ts';
import { isParameterName, variableName } from '../parameters/parameters.ts';
import type { StackOptions } from '../texts/next-command.ts';
import { defaultStack } from './default-stack.ts';
import { awsFault, Failure } from './failure.ts';
import type { Run } from './run.ts';
import { readStackOutputs, requireOutput, StackError } from './stack-outputs.ts';

/** A stack, described by the environment variables of its functions. */
export interface Stack {
  /** Its name, for messages. */
  readonly name: string;
  /** Whether it is a local stack, which has no AWS identities. */
  readonly isLocal: boolean;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Whether its functions read live settings; those of an earlier release do not. */
  readonly readsSettings: boolean;
}

/** The outputs of a stack, by the environment variables of its functions. */
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
 * Returns the stack of a command.
 *
 * @throws Failure if the stack does not exist or AWS cannot be reached
 */
export async function findStack(
  { stack, transport }: StackOptions,
  { env: environment, aws }: Pick<Run, 'env' | 'aws'>,
): Promise<Stack> {
  const table = environment[names.queueTable];
  if (stack === undefined && table !== undefined && table !== '') {
    checkTransport(transport, environment);
    return { name: table, isLocal: isLocal(environment), variables: environment, readsSettings: true };
  }
  const name = stack ?? defaultStack;
  try {
    const found = await readStackOutputs(name, transport, aws);
    const places = Object.entries(outputs).map(([variable, output]) => [variable, requireOutput(found, name, output)]);
    const { variables, readsSettings } = readSettings(found.get(settingsOutput));
    return {
      name: transport === undefined ? name : `${name} (${transport})`,
      isLocal: isLocal(environment),
      variables: { ...variables, ...Object.fromEntries(places) },
      readsSettings,
    };
  } catch (error) {
    if (error instanceof StackError) throw new Failure('usage', error.message);
    throw awsFault(error, `the stack "${name}" cannot be looked up`);
  }
}

/** Checks that `--transport` is the transport of the environment. */
function checkTransport(transport: string | undefined, environment: Run['env']): void {
  const own = environment[names.transport] || 'lmtp';
  if (transport === undefined || transport === own) return;
  throw new Failure('usage', `--transport: the environment names the stack of "${own}"; --stack NAME selects another`);
}

/** The settings as environment variables; defaults for a stack without the settings output. */
function readSettings(text = '{"transport":""}'): Pick<Stack, 'variables' | 'readsSettings'> {
  const { transport, bodyRetention = '', liveSettings, ...parameters } = JSON.parse(text) as OperatorSettings;
  const variables = Object.entries(parameters).flatMap(([name, value]) =>
    isParameterName(name) ? [[variableName(name), value]] : [],
  );
  const own = { [names.transport]: transport, [names.bodyRetention]: bodyRetention };
  return { variables: { ...Object.fromEntries(variables), ...own }, readsSettings: liveSettings === 'yes' };
}

/** Whether the endpoint of the table is on this machine. */
function isLocal(environment: Run['env']): boolean {
  const endpoint = environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? environment['AWS_ENDPOINT_URL'] ?? '';
  return /^https?:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])[:/]/.test(`${endpoint}/`);
}
