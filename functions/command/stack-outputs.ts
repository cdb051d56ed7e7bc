/**
 * Where a stack is: the outputs that CloudFormation keeps of it, under names that are fixed.
 */

import {
  CloudFormationClient,
  CloudFormationServiceException,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';

/** There is no such stack, or it is none of ours. The message names it. */
export class StackError extends Error {
  override readonly name = 'StackError';
}

/** Name of the stack of the transport `lmtp`, which is meant where none is named. */
export const defaultStack = 'LambdaLmtp';

/**
 * Reads the outputs of a stack, by name.
 *
 * @throws StackError where there is none; what AWS says otherwise, as it comes
 */
export async function readStackOutputs(stack: string): Promise<ReadonlyMap<string, string>> {
  const client = new CloudFormationClient();
  try {
    const { Stacks: [found] = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    return new Map((found?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (cause) {
    const isUnknown = cause instanceof CloudFormationServiceException && cause.name === 'ValidationError';
    if (!isUnknown) throw cause;
    const region = await client.config.region();
    throw new StackError(`there is no stack "${stack}" in the region ${region}`, { cause });
  } finally {
    client.destroy();
  }
}

/**
 * One of the outputs.
 *
 * @throws StackError where the stack has none of that name
 */
export function requireOutput(outputs: ReadonlyMap<string, string>, stack: string, name: string): string {
  const value = outputs.get(name);
  if (value === undefined || value === '') throw new StackError(`the stack "${stack}" has no output ${name}`);
  return value;
}
