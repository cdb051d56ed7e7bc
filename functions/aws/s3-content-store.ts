/**
 * Mail that arrived inside a message, stored in the message bucket.
 */

import { PutObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { ContentStore } from '../incoming/ports.ts';

/** The store in a bucket. */
export class S3ContentStore implements ContentStore {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async putOnce(key: string, octets: Buffer): Promise<void> {
    await putOnce(this.#client, { bucket: this.#bucket, key }, octets);
  }
}

/**
 * Writes a message unless there is an object under its key. A request for an existing one may have been admitted, and
 * must find the same octets.
 */
export async function putOnce(
  client: S3Client,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  octets: Buffer,
): Promise<void> {
  try {
    await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: octets,
        ContentType: 'message/rfc822',
        IfNoneMatch: '*',
      }),
    );
  } catch (error) {
    const isThere = error instanceof S3ServiceException && error.$metadata.httpStatusCode === 412;
    if (!isThere) throw error;
  }
}
