import { join } from 'node:path';
import { Stage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type FunctionName, functionFolder } from './bundle.ts';

/** Returns the code of each function: the same bundle that the local stack runs. */
export function bundledCode(scope: Construct): (name: FunctionName) => Code {
  const outdir = join(Stage.of(scope)?.outdir ?? 'cdk.out', 'bundles');
  return (name) => Code.fromAsset(functionFolder(name, outdir));
}
