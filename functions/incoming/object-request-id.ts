/**
 * The id of a request made from an object: the same for each event about the object.
 */

import { hashOf } from '../request/hash.ts';

/** Returns what identifies an object, also among earlier and later ones under the same key. */
export function objectIdentity({
  bucket,
  key,
  versionId,
}: {
  readonly bucket: string;
  readonly key: string;
  /** Its version, or another value that distinguishes it from others under its key. */
  readonly versionId?: string;
}): readonly unknown[] {
  return ['s3', bucket, key, versionId];
}

/** Returns the queue id of an object. */
export function objectRequestId(object: Parameters<typeof objectIdentity>[0]): string {
  return `s3-${hashOf(objectIdentity(object)).slice(0, 40)}`;
}
