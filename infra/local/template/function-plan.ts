import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type References, TemplateError } from './intrinsics.ts';
import type { FunctionPlan } from './plans.ts';
import type { Properties } from './properties.ts';

/** Lambda's limit for a function's variables in octets, names and values (Lambda quotas, "Environment variables"). */
const environmentLimit = 4096;

interface Standing {
  readonly logicalId: string;
  readonly path: string;
  readonly references: References;
}

/**
 * Returns a function whose code is an asset.
 *
 * @throws TemplateError if its code is missing, or Lambda would refuse it
 */
export function readFunction(
  { logicalId, path, references }: Standing,
  properties: Properties,
  assetFolder: (objectKey: string) => string,
): FunctionPlan {
  const runtime = properties.text('Runtime');
  if (!runtime.startsWith('nodejs'))
    throw new TemplateError(`${logicalId}: the runtime ${runtime} is not supported here`);
  const { S3Key } = properties.object('Code');
  if (typeof S3Key !== 'string') throw new TemplateError(`${logicalId}: its code is not an asset of the app`);
  const [stem = '', exportName = ''] = properties.text('Handler').split('.');
  const folder = assetFolder(S3Key);
  const file = ['.js', '.mjs', '.cjs'].map((extension) => join(folder, `${stem}${extension}`)).find(existsSync);
  if (file === undefined) throw new TemplateError(`${logicalId}: ${folder} contains no ${stem}.js, .mjs or .cjs`);
  const role = /^\{"Fn::GetAtt":\["(\w+)","Arn"\]\}$/.exec(JSON.stringify(properties.raw('Role')))?.[1];
  if (role === undefined) throw new TemplateError(`${logicalId}: its role is not in the template`);
  properties.passOver('Architectures', 'Description', 'LoggingConfig', 'RecursiveLoop', 'FunctionName', 'Tags');
  properties.passOver('VpcConfig', 'KmsKeyArn', 'ReservedConcurrentExecutions', 'TracingConfig');
  return {
    logicalId,
    path,
    name: references.ref(logicalId),
    arn: references.attribute(logicalId, 'Arn'),
    file,
    exportName,
    environment: environmentOf(logicalId, properties),
    timeout: Number(properties.optional('Timeout') ?? 3) * 1000,
    memory: Number(properties.optional('MemorySize') ?? 128),
    role,
  };
}

function environmentOf(logicalId: string, properties: Properties): Readonly<Record<string, string>> {
  const { Variables = {} } = properties.object('Environment');
  const variables = Object.entries(Variables as object);
  const octets = variables.reduce((sum, [name, value]) => sum + Buffer.byteLength(`${name}${value}`), 0);
  if (octets > environmentLimit) {
    throw new TemplateError(`${logicalId}: its variables have ${octets} octets; Lambda allows ${environmentLimit}`);
  }
  return Object.fromEntries(variables.map(([name, value]) => [name, String(value)]));
}
