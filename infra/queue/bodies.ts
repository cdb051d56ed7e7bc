/** The allowed prefixes of message bodies, and the owners of buckets. */
import { Aws } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { refuse } from '../properties/props-error.ts';
import type { MailBucket } from './stores.ts';

/** Properties about message bodies. */
export interface BodyProps {
  /**
   * Prefixes of bodies in the message bucket, such as `in/`. The functions cannot read other objects of it, and a request that names
   * one is corrupt.
   *
   * @default - a body may have any key
   */
  readonly bodyPrefixes?: readonly string[] | undefined;
  /**
   * Accounts that own buckets outside this app, by the name of the bucket. S3 receives the account with every call, and denies the
   * call if another account owns the bucket.
   *
   * @default - only the owners of buckets of this app are checked
   */
  readonly bucketOwners?: Readonly<Record<string, string>> | undefined;
}

/** The most prefixes: each makes the environment and the policies longer. */
const mostPrefixes = 20;

/**
 * Checks the properties about message bodies.
 *
 * @throws PropsError with the property, its value and what is allowed
 */
export function checkBodies({ bodyPrefixes = [], bucketOwners = {} }: BodyProps): void {
  for (const prefix of bodyPrefixes) {
    if (/^[^\s*?$/][^\s*?$]*$/.test(prefix)) continue;
    throw refuse('bodyPrefixes', prefix, 'the beginning of a key, such as in/, without blanks, * or ?');
  }
  if (bodyPrefixes.length > mostPrefixes) {
    throw refuse('bodyPrefixes', `${bodyPrefixes.length} prefixes`, `a list of at most ${mostPrefixes}`);
  }
  for (const [bucket, owner] of Object.entries(bucketOwners)) {
    if (/^\d{12}$/.test(owner) || owner === Aws.ACCOUNT_ID) continue;
    throw refuse(`bucketOwners.${bucket}`, owner, 'an account of twelve digits');
  }
}

/** Returns the account that owns the message bucket; undefined if not known. */
export function ownerOf(bucket: MailBucket, { bucketOwners = {} }: BodyProps): string | undefined {
  if (bucket instanceof Bucket) return bucket.env.account;
  return bucketOwners[bucket.bucketName];
}
