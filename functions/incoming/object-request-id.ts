/**
 * The id of a request that is an object: the same for every event that tells of the same object.
 */

import { hashOf } from '../request/hash.ts';

/** What tells an object from others, also from those under the same name before it and after it. */
export function objectIdentity({
  bucket,
  key,
  versionId,
}: {
  readonly bucket: string;
  readonly key: string;
  /** Its version, or whatever else tells it from the others under its key. */
  readonly versionId?: string;
}): readonly unknown[] {
  return ['s3', bucket, key, versionId];
}

/** The queue id of an object. */
export function objectRequestId(object: Parameters<typeof objectIdentity>[0]): string {
  return `s3-${hashOf(objectIdentity(object)).slice(0, 40)}`;
}
