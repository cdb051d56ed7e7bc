/**
 * What the front doors ask the world.
 */

import type { Metadata } from './object-envelope.ts';
import type { NewObject } from './reading.ts';

/** The metadata of objects. */
export interface ObjectMetadata {
  /**
   * The metadata as they are now, names in lower case and without `x-amz-meta-`.
   *
   * @throws BodyFault where there is no such object; what may pass is thrown as it comes
   */
  read(object: Pick<NewObject, 'bucket' | 'key' | 'versionId'>): Promise<Metadata>;
}

/** Other transports of the same system, each with a queue of its own. */
export interface OtherTransports {
  /** Hands a request to a transport; one that is sent twice is a duplicate there. */
  send(transport: string, request: string): Promise<void>;
}
