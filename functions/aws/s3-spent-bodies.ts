/**
 * Deletes unneeded bodies in a versioned bucket: a delete marker hides them, and the bucket's lifecycle rules remove
 * the versions.
 */

import { DeleteObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { PinnedMessage } from '../queue/items/item.ts';
import type { SpentBodies } from '../queue/items/ports.ts';

/** Statuses of a failed condition: no object, a concurrent write, another object. */
const otherwise: ReadonlySet<number | undefined> = new Set([404, 409, 412]);

/** Spent bodies in S3. */
export class S3SpentBodies implements SpentBodies {
  readonly #client: S3Client;

  constructor(client: S3Client) {
    this.#client = client;
  }

  /** Deletes on condition of the entity tag: a deletion without a version would hide any current object. */
  async discard({ bucket, key, etag }: PinnedMessage): Promise<boolean> {
    try {
      await this.#client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag }));
      return true;
    } catch (error) {
      if (error instanceof S3ServiceException && otherwise.has(error.$metadata.httpStatusCode)) return false;
      throw error;
    }
  }
}
