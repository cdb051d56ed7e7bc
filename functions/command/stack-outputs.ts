/**
 * The outputs of a stack in CloudFormation; their names are fixed.
 */

import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { errorKind } from '../aws/explained-errors.ts';
import { makeClient } from '../aws/make-client.ts';
import type { AwsSettings } from '../aws/settings.ts';
import { settingsOutput } from '../operator/settings.ts';

/** The stack or transport does not exist, or is not of this project. The message names it and its option. */
export class StackError extends Error {
  override readonly name = 'StackError';

  constructor(option: '--stack' | '--transport', message: string, options?: ErrorOptions) {
    super(`${option}: ${message}`, options);
  }
}

/**
 * Returns the outputs of a stack, by name.
 *
 * @param transport default: the stack's first
 * @throws StackError if the stack or transport does not exist; other errors of AWS unchanged
 */
export async function readStackOutputs(
  stack: string,
  transport: string | undefined,
  aws: AwsSettings,
): Promise<ReadonlyMap<string, string>> {
  const outputs = await describeOutputs(stack, aws);
  return transport === undefined ? outputs : outputsOf(transport, outputs, stack);
}

/** The outputs of one transport. They have a prefix; the settings output with the same prefix names the transport. */
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
    const existing = [...names.keys()].join(', ') || 'no named one';
    throw new StackError('--transport', `the stack "${stack}" has no transport "${transport}"; it has ${existing}`);
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
  const client = makeClient(CloudFormationClient, 'CLOUDFORMATION', { aws });
  try {
    const { Stacks: [found] = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    return new Map((found?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (cause) {
    if (errorKind(cause) !== 'missing') throw cause;
    const region = await client.config.region();
    throw new StackError('--stack', `there is no stack "${stack}" in the region ${region}`, { cause });
  } finally {
    client.destroy();
  }
}

/**
 * Returns one of the outputs.
 *
 * @throws StackError if the stack does not have it
 */
export function requireOutput(outputs: ReadonlyMap<string, string>, stack: string, name: string): string {
  const value = outputs.get(name);
  if (value === undefined || value === '')
    throw new StackError('--stack', `the stack "${stack}" has no output ${name}`);
  return value;
}
