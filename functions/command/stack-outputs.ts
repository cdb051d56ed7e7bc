/**
 * Where a stack is: the outputs that CloudFormation keeps of it, under names that are fixed.
 */

import {
  CloudFormationClient,
  CloudFormationServiceException,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import type { AwsSettings } from '../aws/settings.ts';
import { settingsOutput } from '../operator/settings.ts';

/** There is no such stack or transport, or it is none of ours. The message names it, and the option that asked for it. */
export class StackError extends Error {
  override readonly name = 'StackError';

  constructor(option: '--stack' | '--transport', message: string, options?: ErrorOptions) {
    super(`${option}: ${message}`, options);
  }
}

/**
 * Reads the outputs of a stack, by name.
 *
 * @param transport whose they are to be; the first one's if absent
 * @throws StackError where there is none; what AWS says otherwise, as it comes
 */
export async function readStackOutputs(
  stack: string,
  transport: string | undefined,
  aws: AwsSettings,
): Promise<ReadonlyMap<string, string>> {
  const outputs = await describeOutputs(stack, aws);
  return transport === undefined ? outputs : outputsOf(transport, outputs, stack);
}

/** A transport has the plain names, or has its own name before each; which, its settings tell. */
function outputsOf(
  transport: string,
  outputs: ReadonlyMap<string, string>,
  stack: string,
): ReadonlyMap<string, string> {
  const prefixes = [...outputs.keys()].flatMap((name) =>
    name.endsWith(settingsOutput) ? [name.slice(0, -settingsOutput.length)] : [],
  );
  const names = new Map(prefixes.map((prefix) => [transportIn(outputs.get(`${prefix}${settingsOutput}`)), prefix]));
  const prefix = names.get(transport);
  if (prefix === undefined) {
    const there = [...names.keys()].join(', ') || 'none that it names';
    throw new StackError('--transport', `the stack "${stack}" has no transport "${transport}"; it has ${there}`);
  }
  const own = [...outputs].flatMap(([name, value]): [string, string][] =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
  );
  return new Map(own);
}

function transportIn(settings = '{}'): string {
  const { transport } = JSON.parse(settings) as { readonly transport?: string };
  return transport || 'lmtp';
}

async function describeOutputs(stack: string, aws: AwsSettings): Promise<ReadonlyMap<string, string>> {
  const client = new CloudFormationClient(aws('CLOUDFORMATION'));
  try {
    const { Stacks: [found] = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    return new Map((found?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (cause) {
    const isUnknown = cause instanceof CloudFormationServiceException && cause.name === 'ValidationError';
    if (!isUnknown) throw cause;
    const region = await client.config.region();
    throw new StackError('--stack', `there is no stack "${stack}" in the region ${region}`, { cause });
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
  if (value === undefined || value === '')
    throw new StackError('--stack', `the stack "${stack}" has no output ${name}`);
  return value;
}
