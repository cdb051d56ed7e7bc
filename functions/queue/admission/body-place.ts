/** Where the body of a request may lie. */

import { ownPrefixes } from '../../incoming/own-objects.ts';
import { RequestError } from '../../request/request-error.ts';

/** Buckets, and prefixes of one of them, that bodies lie in. */
export interface BodyPlaces {
  readonly allowedBuckets: ReadonlySet<string>;
  /** The functions can read no other object of the message bucket; absent: any. */
  readonly bodyPrefixes?: { readonly bucket: string; readonly prefixes: readonly string[] };
}

/**
 * Refuses a body that this stack does not deliver. Of a key that the functions may not read, S3 would say "denied", which may
 * pass: its mail would wait for ever.
 *
 * @throws RequestError
 */
export function checkPlace(
  { bucket, key }: { readonly bucket: string; readonly key: string },
  { allowedBuckets, bodyPrefixes }: BodyPlaces,
): void {
  if (!allowedBuckets.has(bucket)) {
    const allowed = [...allowedBuckets].join(' ');
    throw new RequestError('message.bucket', `"${bucket}" is not allowed by this stack; allowed: ${allowed}`);
  }
  if (bodyPrefixes === undefined || bucket !== bodyPrefixes.bucket) return;
  const prefixes = [...bodyPrefixes.prefixes, ownPrefixes.reports];
  if (prefixes.some((prefix) => key.startsWith(prefix))) return;
  throw new RequestError(
    'message.key',
    `"${key}" is not allowed by this stack; bodies lie below ${prefixes.join(' ')}`,
  );
}
