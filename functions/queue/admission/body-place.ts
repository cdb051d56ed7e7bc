/** Where the body of a request may be stored. */

import { ownPrefixes } from '../../incoming/own-objects.ts';
import { RequestError } from '../../request/request-error.ts';

/** Buckets, and prefixes in one of them, from which bodies are accepted. */
export interface BodyPlaces {
  readonly allowedBuckets: ReadonlySet<string>;
  /** The only prefixes of the message bucket that the functions may read; absent: all. */
  readonly bodyPrefixes?: { readonly bucket: string; readonly prefixes: readonly string[] };
}

/**
 * Refuses a body in a place that is not allowed. For a key that the functions may not read, S3 would answer "denied", a
 * temporary error: its mail would wait for ever.
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
  const prefixes = [...bodyPrefixes.prefixes, ownPrefixes.reports, ownPrefixes.notified];
  if (prefixes.some((prefix) => key.startsWith(prefix))) return;
  throw new RequestError(
    'message.key',
    `"${key}" is not allowed by this stack; bodies must be below ${prefixes.join(' ')}`,
  );
}
