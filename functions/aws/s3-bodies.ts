/**
 * Message bodies in S3. A body is pinned at admission; later reads must have the same entity tag.
 */

import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  NoSuchKey,
  NotFound,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { encryptionFault, encryptionMark } from '../delivery/client-side-encryption.ts';
import { beginningOctets, inMemoryLimit, type Message, messageInMemory, streamedMessage } from '../delivery/message.ts';
import type { PinnedMessage } from '../queue/items/item.ts';
import { type Bodies, BodyFault } from '../queue/items/ports.ts';
import { type CleanupRules, postfixCleanup } from '../smtp/message-cleanup.ts';
import { CutBodyError, headObject, type ObjectName, octetsOf, placeOf } from './s3-reading.ts';

/** Bodies in S3. */
export class S3Bodies implements Bodies {
  readonly #client: S3Client;
  readonly #rules: CleanupRules;

  /** @param rules how loaded messages are cleaned */
  constructor(client: S3Client, rules: CleanupRules = postfixCleanup) {
    this.#client = client;
    this.#rules = rules;
  }

  async pin({ bucket, key, versionId }: ObjectName): Promise<PinnedMessage> {
    try {
      const found = await headObject(this.#client, { bucket, key, ...(versionId === undefined ? {} : { versionId }) });
      const mark = encryptionMark(found.Metadata ?? {});
      if (mark !== undefined) throw new BodyFault(encryptionFault(bucket, key, mark));
      const { ETag: etag, ContentLength: size } = found;
      // Without them it could not be told later whether the body is whole.
      if (etag === undefined || size === undefined) {
        throw new Error(`S3 did not give the entity tag and size of object "${key}" in bucket "${bucket}"`);
      }
      // If the bucket keeps versions, the current one is pinned, and delivered even if it is overwritten.
      const version = versionId ?? (found.VersionId === 'null' ? undefined : found.VersionId);
      return { bucket, key, etag, size, ...(version === undefined ? {} : { versionId: version }) };
    } catch (error) {
      throw asBodyFault(error, { bucket, key });
    }
  }

  async load(message: PinnedMessage): Promise<Message> {
    if (message.size > inMemoryLimit) {
      const beginning = await this.#readBeginning(message);
      return streamedMessage({ size: message.size, beginning, open: () => this.#stream(message) }, this.#rules);
    }
    return messageInMemory(await this.#read(message), this.#rules);
  }

  /** Reads only the beginning, even if S3 ignores the range. */
  async #readBeginning(message: PinnedMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let octets = 0;
    for await (const chunk of this.#stream(message, `bytes=0-${beginningOctets - 1}`)) {
      chunks.push(chunk);
      octets += chunk.length;
      if (octets >= beginningOctets) break;
    }
    return Buffer.concat(chunks).subarray(0, beginningOctets);
  }

  async #read(message: PinnedMessage): Promise<Buffer> {
    return Buffer.concat(await Array.fromAsync(this.#stream(message)));
  }

  /** @throws CutBodyError after the last chunk, unless only a range is read */
  async *#stream(message: PinnedMessage, range?: string): AsyncIterable<Buffer> {
    let octets = 0;
    for await (const chunk of octetsOf(await this.#get(message, range), message)) {
      octets += chunk.length;
      yield chunk;
    }
    if (range === undefined && octets !== message.size) throw new CutBodyError(message, message.size, octets);
  }

  async #get({ bucket, key, versionId, etag }: PinnedMessage, range?: string): Promise<GetObjectCommandOutput> {
    const place = placeOf({ bucket, key, ...(versionId === undefined ? {} : { versionId }) });
    try {
      const found = await this.#client.send(
        new GetObjectCommand({ ...place, IfMatch: etag, ...(range === undefined ? {} : { Range: range }) }),
      );
      if (found.ETag === etag) return found;
      if (found.Body instanceof Readable) found.Body.destroy();
      throw new BodyFault(altered(key, etag, found.ETag));
    } catch (error) {
      throw asBodyFault(error, { bucket, key, etag });
    }
  }
}

/**
 * Converts permanent errors of S3 to a BodyFault. A missing object is permanent; denied access, a disabled key or no
 * answer is temporary.
 */
export function asBodyFault(
  error: unknown,
  { bucket, key, etag }: { bucket: string; key: string; etag?: string },
): unknown {
  if (error instanceof NotFound || error instanceof NoSuchKey) {
    return new BodyFault(`there is no object "${key}" in bucket "${bucket}"`, { cause: error });
  }
  if (!(error instanceof S3ServiceException)) return error;
  const status = error.$metadata.httpStatusCode;
  // For a given version, 405 means a delete marker.
  if (error.name === 'NoSuchVersion' || isWrongVersion(error) || status === 405) {
    return new BodyFault(`object "${key}" in bucket "${bucket}" has no such version`, { cause: error });
  }
  if (status === 412 && etag !== undefined) return new BodyFault(altered(key, etag, undefined), { cause: error });
  // HEAD has no body with the name of its error.
  if (status === 404) return new BodyFault(`there is no object "${key}" in bucket "${bucket}"`, { cause: error });
  return error;
}

/**
 * Whether the version is invalid. Other invalid arguments are not the request's fault: they may concern a KMS key or
 * the signature.
 */
function isWrongVersion({ name, message }: S3ServiceException): boolean {
  return name === 'InvalidArgument' && /version ?id/i.test(message);
}

function altered(key: string, pinned: string, found: string | undefined): string {
  const now = found === undefined ? '' : `, is ${found} now`;
  return `object "${key}" was altered after its request had been taken in (entity tag was ${pinned}${now})`;
}
