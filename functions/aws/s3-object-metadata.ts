/**
 * Reads the metadata of S3 objects.
 */

import type { S3Client } from '@aws-sdk/client-s3';
import type { Metadata } from '../incoming/object-envelope.ts';
import type { ObjectMetadata } from '../incoming/ports.ts';
import type { NewObject } from '../incoming/reading.ts';
import { asBodyFault } from './s3-bodies.ts';
import { headObject } from './s3-reading.ts';

/** Object metadata in S3. */
export class S3ObjectMetadata implements ObjectMetadata {
  readonly #client: S3Client;

  constructor(client: S3Client) {
    this.#client = client;
  }

  async read({ bucket, key, versionId }: Pick<NewObject, 'bucket' | 'key' | 'versionId'>): Promise<Metadata> {
    try {
      const version = versionId === undefined ? {} : { versionId };
      const { Metadata = {} } = await headObject(this.#client, { bucket, key, ...version });
      return Object.fromEntries(Object.entries(Metadata).map(([name, value]) => [name.toLowerCase(), value]));
    } catch (error) {
      throw asBodyFault(error, { bucket, key });
    }
  }
}
