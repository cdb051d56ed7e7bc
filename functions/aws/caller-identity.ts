/**
 * The caller's AWS identity, which is recorded as the author of changes.
 */

import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { makeClient } from './make-client.ts';
import { type AwsSettings, settingsOfProcess } from './settings.ts';

/** Returns the ARN of the user or assumed role whose credentials are in use. */
export async function callerIdentity(aws: AwsSettings = settingsOfProcess): Promise<string> {
  const client = makeClient(STSClient, 'STS', { aws });
  try {
    const { Arn } = await client.send(new GetCallerIdentityCommand());
    if (Arn === undefined) throw new Error('AWS did not return a caller identity');
    return Arn;
  } finally {
    client.destroy();
  }
}
