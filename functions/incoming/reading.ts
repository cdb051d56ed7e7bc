/**
 * What a message of the incoming queue turns out to be. Values only: whatever is wrong with it is one of them, nothing throws.
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
  /** The transport that handed it on to this one, where one did. */
  readonly handedOnBy?: string;
  /** How often SQS gave it out, this time included. Default: once. */
  readonly received?: number;
}

/** What tells a request from others, and its copies from it. */
export interface Identity {
  /** Queue id. */
  readonly id: string;
  /** Plain JSON, to be hashed: the same for every copy of a request, another for another request. */
  readonly value: unknown;
}

/** An object that was written to a bucket. Its envelope is in its metadata, which somebody has to look up. */
export interface NewObject {
  readonly bucket: string;
  readonly key: string;
  /** Absent where the bucket keeps no versions. */
  readonly versionId?: string;
  /** S3's entity tag, without quotes, of the octets that the event tells of. */
  readonly etag?: string;
  /** When it was written, RFC 3339. */
  readonly arrival: string;
}

/** What one part of a message is. */
export type Reading =
  /** A request; to be taken in. `namesSome`: other messages name further recipients of the same mail. */
  | {
      readonly kind: 'request';
      readonly identity: Identity;
      readonly request: DeliveryRequest;
      readonly namesSome?: true;
    }
  /** A request as soon as its metadata are known. */
  | { readonly kind: 'object'; readonly identity: Identity; readonly object: NewObject }
  /** No mail, and nothing wrong: worth a line in the log. */
  | { readonly kind: 'skipped'; readonly reason: string }
  /** Cannot be used. The identity is there as far as it could be read: a late copy of a request may be unusable by now. */
  | { readonly kind: 'corrupt'; readonly error: RequestError; readonly identity?: Identity };

/** A part of a message, which stands or falls on its own. */
export interface Part {
  /** Names the part if it is corrupt: the SQS message id, with a number where there are several parts. */
  readonly name: string;
  /** The part alone, in the form in which it came: sent to the incoming queue again, it is read as this part. */
  readonly body: string;
  readonly reading: Reading;
}

/** A request on its way in, and what it is known by. */
export interface Submission {
  readonly identity: Identity;
  readonly request: DeliveryRequest;
  /** Others name further recipients of the same mail. */
  readonly namesSome?: true;
  /** When its message was sent, milliseconds since 1970. */
  readonly sent: number;
  /** The transport that handed it on to this one, where one did. */
  readonly handedOnBy?: string;
  /** How often SQS gave its message out, this time included. Default: once. */
  readonly received?: number;
}

/** What reading depends on. */
export interface ReadingRules extends RequestRules {
  /** The stack's own bucket: what our functions write there is no mail. */
  readonly messageBucket?: string | undefined;
}
