/**
 * Bodies that nobody needs any more, in a bucket that keeps versions: a mark of deletion is put over them, and the bucket's own
 * rules let go of what lies under it.
 */

import { DeleteObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { PinnedMessage } from '../queue/items/item.ts';
import type { SpentBodies } from '../queue/items/ports.ts';

/** What S3 answers where the condition does not hold: nothing is there, somebody else is at it, another object is there. */
const otherwise: ReadonlySet<number | undefined> = new Set([404, 409, 412]);

/** Spent bodies over S3. */
export class S3SpentBodies implements SpentBodies {
  readonly #client: S3Client;

  constructor(client: S3Client) {
    this.#client = client;
  }

  /** A deletion that names no version hides whatever is on top, so it is made on condition that this is our body. */
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
