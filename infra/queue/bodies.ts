/** Where message bodies may lie, and whose buckets they lie in. */
import { Aws } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { refuse } from '../properties/props-error.ts';
import type { MailBucket } from './stores.ts';

/** Properties about message bodies. */
export interface BodyProps {
  /**
   * Prefixes of the message bucket that bodies lie below, such as `in/`. The functions can read no other object of it, and a
   * request that names one is refused.
   *
   * @default - a body may have any key
   */
  readonly bodyPrefixes?: readonly string[] | undefined;
  /**
   * Accounts that buckets from elsewhere belong to, by the name of the bucket. S3 receives it with every call, and refuses if the
   * bucket belongs to another account.
   *
   * @default - only the owner of a bucket of this app is told
   */
  readonly bucketOwners?: Readonly<Record<string, string>> | undefined;
}

/** Prefixes for one function's environment and one policy: each makes both longer. */
const mostPrefixes = 20;

/**
 * Checks what is said of message bodies.
 *
 * @throws PropsError naming the property, its value and what is allowed
 */
export function checkBodies({ bodyPrefixes = [], bucketOwners = {} }: BodyProps): void {
  for (const prefix of bodyPrefixes) {
    if (/^[^\s*?$/][^\s*?$]*$/.test(prefix)) continue;
    throw refuse('bodyPrefixes', prefix, 'the beginning of a key, such as in/, without blanks, * or ?,');
  }
  if (bodyPrefixes.length > mostPrefixes) {
    throw refuse('bodyPrefixes', `${bodyPrefixes.length} prefixes`, `a list of at most ${mostPrefixes}`);
  }
  for (const [bucket, owner] of Object.entries(bucketOwners)) {
    if (/^\d{12}$/.test(owner) || owner === Aws.ACCOUNT_ID) continue;
    throw refuse(`bucketOwners.${bucket}`, owner, 'an account of twelve digits');
  }
}

/** Whose the message bucket is; undefined where that is not known. */
export function ownerOf(bucket: MailBucket, { bucketOwners = {} }: BodyProps): string | undefined {
  if (bucket instanceof Bucket) return bucket.env.account;
  return bucketOwners[bucket.bucketName];
}
