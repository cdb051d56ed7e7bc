/**
 * The accounts that own the buckets. A deleted bucket's name may be taken by any account. So each call names the
 * expected owner, and S3 refuses another one (denied, so that the mail waits for an operator).
 */

import type { S3Client } from '@aws-sdk/client-s3';
import { EnvironmentError, environmentNames as names, variableWords } from '../parameters/environment.ts';

/** Accounts by bucket name. */
export type BucketOwners = ReadonlyMap<string, string>;

/**
 * Returns the owners in a function's environment.
 *
 * @throws EnvironmentError for a malformed entry
 */
export function bucketOwners(environment: NodeJS.ProcessEnv): BucketOwners {
  const owners = new Map(variableWords(environment, names.bucketOwners).map(ownerEntry));
  const bucket = environment[names.messageBucket] ?? '';
  const owner = environment[names.messageBucketOwner] ?? '';
  if (bucket !== '' && owner !== '') owners.set(bucket, owner);
  return owners;
}

function ownerEntry(word: string): [string, string] {
  const [, bucket, owner] = /^([^=]+)=(\d+)$/.exec(word) ?? [];
  if (bucket !== undefined && owner !== undefined) return [bucket, owner];
  throw new EnvironmentError(`environment variable ${names.bucketOwners}: "${word}": expected name=account`);
}

/** Adds the expected owner of the bucket to all later calls of the client. */
export function expectOwners(client: S3Client, owners: BucketOwners): void {
  client.middlewareStack.add(
    (next) => async (call) => {
      const input = call.input as { Bucket?: string; ExpectedBucketOwner?: string };
      const owner = owners.get(input.Bucket ?? '');
      if (owner === undefined || input.ExpectedBucketOwner !== undefined) return await next(call);
      return await next({ ...call, input: { ...call.input, ExpectedBucketOwner: owner } as typeof call.input });
    },
    // Before the call is serialised.
    { step: 'initialize', name: 'expectedBucketOwner', override: true },
  );
}
