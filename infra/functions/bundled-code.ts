import { join } from 'node:path';
import { Stage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type FunctionName, functionFolder } from './bundle.ts';

/** The bundle of each function, which the local stack would run too. */
export function bundledCode(scope: Construct): (name: FunctionName) => Code {
  const outdir = join(Stage.of(scope)?.outdir ?? 'cdk.out', 'bundles');
  return (name) => Code.fromAsset(functionFolder(name, outdir));
}
