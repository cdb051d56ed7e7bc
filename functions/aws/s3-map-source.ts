/**
 * Reads a transport map from an S3 object.
 */

import { GetObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { MapSource, MapText } from '../request/transport-maps.ts';
import { type ObjectName, placeOf, wholeText } from './s3-reading.ts';

/** The text of an object; its version is its entity tag. */
export class S3MapSource implements MapSource {
  readonly name: string;
  readonly #client: S3Client;
  readonly #object: ObjectName;

  constructor(client: S3Client, object: ObjectName) {
    this.#client = client;
    this.#object = object;
    this.name = `s3://${object.bucket}/${object.key}`;
  }

  async read(known: string | undefined): Promise<MapText | 'unchanged'> {
    try {
      const condition = known === undefined ? {} : { IfNoneMatch: known };
      const found = await this.#client.send(new GetObjectCommand({ ...placeOf(this.#object), ...condition }));
      return { text: await wholeText(this.#client, this.#object, found), version: found.ETag ?? '' };
    } catch (error) {
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 304) return 'unchanged';
      throw error;
    }
  }
}
