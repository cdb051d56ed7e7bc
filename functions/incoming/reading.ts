/**
 * The result of reading a message of the incoming queue. Errors are values too.
 */

import type { DeliveryRequest, RequestRules } from '../request/request.ts';
import type { RequestError } from '../request/request-error.ts';

/** A message of the incoming queue. */
export interface Incoming {
  /** SQS message id. */
  readonly messageId: string;
  readonly body: string;
  /** When it was sent, milliseconds since 1970. */
  readonly sent: number;
  /** The transport that handed it on to this one, if any. */
  readonly handedOnBy?: string;
  /** How often SQS delivered it, this time included. Default: once. */
  readonly received?: number;
}

/** Distinguishes a request from others, and identifies its duplicates. */
export interface Identity {
  /** Queue id. */
  readonly id: string;
  /** Plain JSON for hashing: the same for all duplicates of a request, different for other requests. */
  readonly value: unknown;
}

/** An object written to a bucket. Its envelope is in its metadata, which must be read. */
export interface NewObject {
  readonly bucket: string;
  readonly key: string;
  /** Absent if the bucket keeps no versions. */
  readonly versionId?: string;
  /** S3's entity tag in the event, without quotes. */
  readonly etag?: string;
  /** When it was written, RFC 3339; absent if the event does not say so. */
  readonly arrival?: string;
}

/** The mail itself, inside a message. It is stored under a key of the stack's own bucket, which its request names. */
export interface ReceivedContent {
  readonly key: string;
  readonly octets: Buffer;
}

/** The content of one part of a message. */
export type Reading =
  /**
   * A request. `namesSome`: other messages name further recipients of the same mail. `content`: must be stored first.
   * `warnings`: fields that were left out, because no delivery depends on them and they cannot be used.
   */
  | {
      readonly kind: 'request';
      readonly identity: Identity;
      readonly request: DeliveryRequest;
      readonly namesSome?: true;
      readonly content?: ReceivedContent;
      readonly warnings?: readonly string[];
    }
  /** A request, after its metadata are read. */
  | {
      readonly kind: 'object';
      readonly identity: Identity;
      readonly object: NewObject;
      readonly warnings?: readonly string[];
    }
  /** Not mail, and not an error. */
  | { readonly kind: 'skipped'; readonly reason: string }
  /**
   * Unusable. The identity is present if it could be read, because the part may be a late duplicate of a request that
   * was usable.
   */
  | { readonly kind: 'corrupt'; readonly error: RequestError; readonly identity?: Identity };

/** A part of a message, handled independently of the others. */
export interface Part {
  /** Identifies the part if it is corrupt: the SQS message id, with a number if there are several parts. */
  readonly name: string;
  /** The part alone, in its original form: sent to the incoming queue, it is read as this part. */
  readonly body: string;
  readonly reading: Reading;
}

/** A request to be admitted, with its identity. */
export interface Submission {
  readonly identity: Identity;
  readonly request: DeliveryRequest;
  /** Other messages name further recipients of the same mail. */
  readonly namesSome?: true;
  /** When its message was sent, milliseconds since 1970. */
  readonly sent: number;
  /** The transport that handed it on to this one, if any. */
  readonly handedOnBy?: string;
  /** How often SQS delivered its message, this time included. Default: once. */
  readonly received?: number;
}

/** What reading depends on. */
export interface ReadingRules extends RequestRules {
  /** The stack's own bucket. Objects that the functions write there are not mail. */
  readonly messageBucket?: string | undefined;
}
