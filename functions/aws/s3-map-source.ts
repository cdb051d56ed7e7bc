/**
 * Reads a transport map from an S3 object.
 */

import { GetObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { MapSource, MapText } from '../request/transport-maps.ts';

/** The text of an object; its version is its entity tag. */
export class S3MapSource implements MapSource {
  readonly name: string;
  readonly #client: S3Client;
  readonly #object: { readonly Bucket: string; readonly Key: string };

  constructor(client: S3Client, { bucket, key }: { readonly bucket: string; readonly key: string }) {
    this.#client = client;
    this.#object = { Bucket: bucket, Key: key };
    this.name = `s3://${bucket}/${key}`;
  }

  async read(known: string | undefined): Promise<MapText | 'unchanged'> {
    try {
      const condition = known === undefined ? {} : { IfNoneMatch: known };
      const { Body, ETag = '' } = await this.#client.send(new GetObjectCommand({ ...this.#object, ...condition }));
      return { text: (await Body?.transformToString()) ?? '', version: ETag };
    } catch (error) {
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 304) return 'unchanged';
      throw error;
    }
  }
}
