/**
 * A delivery as an entry of a list: small for any number of recipients.
 */

import type { EnhancedStatus } from '../../smtp/enhanced-status.ts';
import type { DeliveryKey } from './messages.ts';
import type { State } from './states.ts';

/** An entry of a list. Times are milliseconds since 1970. */
export interface QueueEntry extends DeliveryKey {
  readonly state: State;
  readonly generation: number;
  readonly due?: number;
  readonly arrival: number;
  readonly sender: string;
  readonly destination: string;
  readonly attempt: number;
  readonly summary: Summary;
  /** What is wrong with its item, field first; the other members show what can be read. Never stored. */
  readonly fault?: string;
}

/** A summary of its recipients, cut to some hundred octets. */
export interface Summary {
  /** The first open recipients. */
  readonly addresses: readonly string[];
  /** The number of further open recipients. */
  readonly moreAddresses: number;
  /** The distinct last replies, cut. */
  readonly replies: readonly SummaryReply[];
  /** The number of further distinct replies. */
  readonly moreReplies: number;
  /** How many open recipients are in doubt. */
  readonly inDoubt: number;
  /** The reason of its first hold; absent if only its destination is held. */
  readonly held?: string;
  /** Present if only the limit of doubt holds it: it expires, unlike other held mail. */
  readonly expires?: true;
  /** Present if it is dropped when its holds end (`due`), unless it is released. */
  readonly drops?: true;
  /** Why it is corrupt. */
  readonly reason?: string;
  /** The malformed field and what is wrong with it, if it is held for that. */
  readonly malformed?: string;
}

/** A reply. */
export interface SummaryReply {
  readonly dsn: EnhancedStatus;
  readonly text: string;
}

/** A filter for deliveries; an absent member matches all. */
export interface QueueFilter {
  readonly states?: readonly State[];
  /** Normalised. */
  readonly destination?: string;
  /** An address, `@domain`, or a pattern with `*`; case is ignored. Empty: the null sender. */
  readonly sender?: string;
  /** The same, for open recipients. */
  readonly recipient?: string;
  /** Part of a reply or of the reason; case is ignored. */
  readonly reply?: string;
  /** Arrived at that moment or before; milliseconds since 1970. */
  readonly arrivedBy?: number;
  /** Arrived at that moment or later. */
  readonly arrivedFrom?: number;
  readonly inDoubt?: true;
}
