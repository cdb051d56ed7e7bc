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

/** Other transports of the same system, each with a queue of its own. */
export interface OtherTransports {
  /** Sends a request to a transport; a repeated one is a duplicate there. */
  send(transport: string, request: string): Promise<void>;
}
