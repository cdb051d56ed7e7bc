/**
 * Whose buckets are used. The name of a bucket that was deleted may be taken by anybody; S3 is told with each call whom the bucket
 * should belong to, and refuses where it does not (denied, so that the mail waits for a person).
 */

import type { S3Client } from '@aws-sdk/client-s3';
import { EnvironmentError, environmentNames as names, variableWords } from '../parameters/environment.ts';

/** Accounts by the names of their buckets. */
export type BucketOwners = ReadonlyMap<string, string>;

/**
 * The owners that a function's environment names.
 *
 * @throws EnvironmentError for an entry that is none
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
  throw new EnvironmentError(`environment variable ${names.bucketOwners}: "${word}": name=account is wanted`);
}

/** Names the owner of the bucket in every call that the client makes from now on. */
export function expectOwners(client: S3Client, owners: BucketOwners): void {
  client.middlewareStack.add(
    (next) => async (call) => {
      const input = call.input as { Bucket?: string; ExpectedBucketOwner?: string };
      const owner = owners.get(input.Bucket ?? '');
      if (owner === undefined || input.ExpectedBucketOwner !== undefined) return await next(call);
      return await next({ ...call, input: { ...call.input, ExpectedBucketOwner: owner } as typeof call.input });
    },
    // Before the call is written down.
    { step: 'initialize', name: 'expectedBucketOwner', override: true },
  );
}
