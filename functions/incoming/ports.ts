/**
 * The ports of incoming mail.
 */

import type { Metadata } from './object-envelope.ts';
import type { NewObject } from './reading.ts';

/** The metadata of objects. */
export interface ObjectMetadata {
  /**
   * Returns the current metadata; names in lower case and without `x-amz-meta-`.
   *
   * @throws BodyFault if the object does not exist; temporary errors unchanged
   */
  read(object: Pick<NewObject, 'bucket' | 'key' | 'versionId'>): Promise<Metadata>;
}

/** Mail that arrives inside a message, and must be stored before it is admitted. */
export interface ContentStore {
  /**
   * Writes an object into the stack's own bucket. An object under that key stays: its content is the same, because the
   * key has a hash of it.
   */
  putOnce(key: string, octets: Buffer): Promise<void>;
}

/** Other transports of the same system, each with a queue of its own. */
export interface OtherTransports {
  /** Sends a request to a transport; a repeated one is a duplicate there. */
  send(transport: string, request: string): Promise<void>;
}
