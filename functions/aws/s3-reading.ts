/**
 * Reads objects of S3: whole or not at all, and with the name of each error.
 */

import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  type GetObjectCommandInput,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { callOf } from './calls.ts';
import { explain } from './explained-errors.ts';

/** An object, perhaps one of its versions. */
export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

/** Returns the fields of a request that name an object. */
export function placeOf({
  bucket,
  key,
  versionId,
}: ObjectName): Pick<GetObjectCommandInput, 'Bucket' | 'Key' | 'VersionId'> {
  return { Bucket: bucket, Key: key, ...(versionId === undefined ? {} : { VersionId: versionId }) };
}

/** An object that ended before its size: the store, or a proxy before it, gave a part of it. Reading it again may help. */
export class CutBodyError extends Error {
  override readonly name = 'CutBodyError';

  constructor({ bucket, key }: ObjectName, size: number, octets: number) {
    super(`object "${key}" in bucket "${bucket}" has ${size} octets, and ${octets} were read`);
  }
}

/**
 * Statuses of HEAD that hide their reason, because HEAD has no body: 400 may be an impossible version or expired
 * credentials, 403 a missing permission for the object or for its key, 301 another region.
 */
const hiding: ReadonlySet<number | undefined> = new Set([301, 400, 403]);

/** Returns the answer to HEAD. An error has the name and the words that S3 gives to GET. */
export async function headObject(client: S3Client, name: ObjectName): Promise<HeadObjectCommandOutput> {
  try {
    return await client.send(new HeadObjectCommand(placeOf(name)));
  } catch (error) {
    if (!(error instanceof S3ServiceException) || !hiding.has(error.$metadata.httpStatusCode)) throw error;
    throw await spellOut(client, name, error);
  }
}

async function spellOut(client: S3Client, name: ObjectName, error: S3ServiceException): Promise<unknown> {
  try {
    const found = await client.send(new GetObjectCommand({ ...placeOf(name), Range: 'bytes=0-0' }));
    if (found.Body instanceof Readable) found.Body.destroy();
    return error;
  } catch (named) {
    return named instanceof S3ServiceException && named.$metadata.httpStatusCode !== 416 ? named : error;
  }
}

/** Yields the octets of an answer. An error while they are read is put in words, as that of a call is. */
export async function* octetsOf({ Body }: GetObjectCommandOutput, name: ObjectName): AsyncIterable<Buffer> {
  if (!(Body instanceof Readable)) throw new Error(`S3 sent no stream for ${name.key}`);
  try {
    for await (const chunk of Body as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw explain(error, callOf('S3', 'GetObject', placeOf(name)));
  } finally {
    // A body that is not read to its end would keep its connection.
    Body.destroy();
  }
}

/**
 * Returns the text of an object that is known to be whole.
 *
 * @param found the answer to a request for the object
 * @throws CutBodyError if fewer octets came than the object has
 */
export async function wholeText(client: S3Client, name: ObjectName, found: GetObjectCommandOutput): Promise<string> {
  const octets = Buffer.concat(await Array.fromAsync(octetsOf(found, name)));
  // Without Content-Length only the end of the connection ended the body, wherever that came.
  const size = found.ContentLength ?? (await sizeOf(client, name, found.ETag));
  if (octets.length !== size) throw new CutBodyError(name, size, octets.length);
  return octets.toString('utf8');
}

async function sizeOf(client: S3Client, name: ObjectName, etag: string | undefined): Promise<number> {
  const { ContentLength, ETag } = await headObject(client, name);
  if (ContentLength !== undefined && ETag === etag) return ContentLength;
  throw new Error(`S3 did not give the size of object "${name.key}" in bucket "${name.bucket}"`);
}
