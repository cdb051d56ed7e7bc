/** Packs the files that parameters name with the deployment, and lets the functions read them where the CDK puts them. */
import { Stack } from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import { withFiles } from '../../functions/parameters/named-files.ts';
import { isParameterName, type ParameterName, rowOf } from '../../functions/parameters/parameters.ts';
import { type FileUse, parameterFileUses } from '../properties/local-files.ts';
import type { ParameterValues } from '../properties/parameter-environment.ts';

/** Parameters as the functions have them, and what these may read for them. */
export interface DeployedParameters {
  /** With the URLs of objects for files of this machine. */
  readonly values: ParameterValues;
  /** The objects that parameters name, packed ones included. */
  readonly objects: readonly { readonly parameter: ParameterName; readonly arn: string }[];
}

/**
 * Returns the parameters of a deployment.
 *
 * @param scope the construct for the packed files
 * @throws PropsError for a file that no function can have
 */
export function deployParameters(scope: Construct, given: ParameterValues): DeployedParameters {
  const { local, objects } = parameterFileUses(given);
  const assets = new Map<string, Asset>();
  for (const { file } of local) {
    if (!assets.has(file)) assets.set(file, new Asset(scope, `ParameterFile${assets.size}`, { path: file }));
  }
  const rename = (file: string) => assets.get(file)?.s3ObjectUrl ?? file;
  const values = Object.entries(given).map(([name, value]) => [
    name,
    isParameterName(name) ? withFiles(value, rowOf(name), rename) : value,
  ]);
  const arnOf = ({ file }: FileUse) => {
    const asset = assets.get(file);
    if (asset !== undefined) return asset.bucket.arnForObjects(asset.s3ObjectKey);
    const [, resource = '', resourceName = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(file) ?? [];
    return Stack.of(scope).formatArn({ service: 's3', region: '', account: '', resource, resourceName });
  };
  return {
    values: Object.fromEntries(values) as ParameterValues,
    objects: [...local, ...objects].map((use) => ({ parameter: use.parameter, arn: arnOf(use) })),
  };
}
