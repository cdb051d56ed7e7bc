/**
 * A delivery as a list shows it: small, whatever the number of its recipients.
 */

import type { EnhancedStatus } from '../../smtp/enhanced-status.ts';
import type { DeliveryKey } from './messages.ts';
import type { State } from './states.ts';

/** One line of the queue. Times are milliseconds since 1970. */
export interface QueueEntry extends DeliveryKey {
  readonly state: State;
  readonly generation: number;
  readonly due?: number;
  readonly arrival: number;
  readonly sender: string;
  readonly destination: string;
  readonly attempt: number;
  readonly summary: Summary;
  /** What is wrong with its item, field first: what stands beside it is what can be shown. Never stored. */
  readonly fault?: string;
}

/** What there is to say of its recipients, cut to some hundred octets. */
export interface Summary {
  /** The first of those who are still to be delivered to. */
  readonly addresses: readonly string[];
  /** How many further ones there are. */
  readonly moreAddresses: number;
  /** What was said to them last, each thing once, cut. */
  readonly replies: readonly SummaryReply[];
  /** How many other things were said. */
  readonly moreReplies: number;
  /** How many of them may have the message already. */
  readonly inDoubt: number;
  /** Why a person holds it; absent where its destination is held. */
  readonly held?: string;
  /** Held by the limit of doubt alone: it is returned when its lifetime is over, unlike other held mail. */
  readonly expires?: true;
  /** Why it is corrupt. */
  readonly reason?: string;
  /** It is held because its item is not what it should be: the field, and what is wrong with it. */
  readonly malformed?: string;
}

/** A reply. */
export interface SummaryReply {
  readonly dsn: EnhancedStatus;
  readonly text: string;
}

/** Which deliveries are wanted; what is absent is no condition. */
export interface QueueFilter {
  readonly states?: readonly State[];
  /** Normalised. */
  readonly destination?: string;
  /** An address, `@domain`, or a pattern with `*`; no matter in which case. Empty: the null sender. */
  readonly sender?: string;
  /** The same, of those who are still to be delivered to. */
  readonly recipient?: string;
  /** Part of what was said to somebody, or of the reason; no matter in which case. */
  readonly reply?: string;
  /** Arrived at that moment or before; milliseconds since 1970. */
  readonly arrivedBy?: number;
  /** Arrived at that moment or later. */
  readonly arrivedFrom?: number;
  readonly inDoubt?: true;
}
