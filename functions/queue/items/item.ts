/**
 * A delivery in the queue table: the envelope of Postfix's queue file, its state, and the last verdict on each
 * recipient.
 */

import type { DeliveryRecipient } from '../../request/delivery.ts';
import type { EnhancedStatus } from '../../smtp/enhanced-status.ts';
import type { QueueEvent } from './event.ts';
import type { DeliveryKey } from './messages.ts';
import type { State } from './states.ts';

/** A message body, pinned when its request was admitted: later reads must find the same octets. */
export interface PinnedMessage {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
  /** S3's entity tag of the octets. */
  readonly etag: string;
  /** Octets as stored. */
  readonly size: number;
}

/** The latest verdict on one recipient. */
export interface LastVerdict {
  /** `removed`: by an operator, or for a verdict of Amazon SES, without a bounce. */
  readonly status: 'sent' | 'deferred' | 'bounced' | 'expired' | 'removed';
  readonly dsn: EnhancedStatus;
  /** The server's reply; cut if the item would grow too large (the log has it in full). */
  readonly text: string;
  readonly relay?: string;
  readonly remoteMta?: string;
  /** The recipient may have the message: this attempt, or an earlier one, ended in doubt. */
  readonly inDoubt?: true;
  /** Sent to a server without DSN. */
  readonly relayed?: true;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Number of the attempt, from 1; 0 = refused at admission. */
  readonly attempt: number;
  /** The operator who decided it, as an AWS identity; absent: a server or the agent. */
  readonly by?: string;
}

/**
 * Attempts that ended in doubt: the content may have reached the server, which did not confirm it. An expired lease
 * counts, a deferral without an attempt does not. It stays with the recipient until it is sent.
 */
export interface Doubt {
  /** Number of such attempts since an operator last released the message; limited by in_doubt_limit. */
  readonly attempts: number;
  /** End of the first such attempt, milliseconds since 1970. */
  readonly since: number;
  /** End of the latest such attempt, milliseconds since 1970. */
  readonly at: number;
}

/** A recipient of an item. */
export interface QueuedRecipient extends DeliveryRecipient {
  /** Its position in the request, from 0. */
  readonly n: number;
  readonly last?: LastVerdict;
  /** Absent: no attempt ended in doubt, or an earlier release made the last one, which wrote only `last.inDoubt`. */
  readonly doubt?: Doubt;
}

/** The claim of a worker. */
export interface Claim {
  /** Random; known only to the worker. */
  readonly token: string;
  /** Milliseconds since 1970: from then on the worker is considered dead. */
  readonly until: number;
}

/** Keeps a message, or all mail for a destination, from being delivered. There may be several. */
export interface Hold {
  /** Identifies it among the holds of the same message or destination. */
  readonly id: string;
  readonly reason: string;
  /** Who holds it: an AWS identity, or a function. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** When it ends, milliseconds since 1970; absent: when an operator removes it. */
  readonly until?: number;
  /** The message is dropped at the end, unless another hold lasts; absent: it is released. */
  readonly atEnd?: 'drop';
}

/** An operator has removed a message while it was being delivered: its remaining recipients are not tried again. */
export interface Removal {
  readonly by: string;
  readonly why: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Whether the sender gets a bounce. */
  readonly bounces: boolean;
}

/** One change by an operator. */
export interface HistoryEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** An AWS identity. */
  readonly by: string;
  /** What was changed, in a few words. */
  readonly what: string;
  readonly why: string;
}

/** An item of the table. */
export interface DeliveryItem extends DeliveryKey {
  /** Of the item's form (schema-version.ts). */
  readonly version: number;
  readonly state: State;
  readonly generation: number;
  /** Random; identifies the last write. */
  readonly by: string;
  /** When the sweep must look at it, milliseconds since 1970; absent: never. */
  readonly due?: number;
  /** Hash of the whole request: a different hash under the same id is another request. */
  readonly requestHash: string;
  /** Hash of the plan by which it was cut into deliveries. */
  readonly planHash: string;
  /** Deliveries into which the request was cut. */
  readonly deliveries: number;
  /** When the message arrived, milliseconds since 1970: the start of back-off and lifetime. */
  readonly arrival: number;
  /** When it last entered active, milliseconds since 1970. */
  readonly activated: number;
  readonly sender: string;
  readonly recipients: readonly QueuedRecipient[];
  readonly message: PinnedMessage;
  /** Normalised. */
  readonly destination: string;
  /** Message group in the active queue. */
  readonly group: string;
  readonly body?: '7BIT' | '8BITMIME';
  readonly smtputf8?: boolean;
  readonly dsn?: { readonly ret?: 'FULL' | 'HDRS'; readonly envid?: string };
  readonly authentication?: Readonly<Record<string, string>>;
  /** Amazon SES's id of the mail, if SES received it. */
  readonly sesMessageId?: string;
  /** Attempts made. */
  readonly attempt: number;
  /**
   * Generations in which the latest attempts were settled, oldest first. If SQS delivers a message of such a generation
   * again, its worker crashed before it deleted the message, and perhaps before it wrote its log lines. 0: no message
   * belongs to the attempt, because its lines were logged before the write, or the sweep counted it.
   */
  readonly settled?: readonly number[];
  readonly claim?: Claim;
  /** Events by id that may not have been published yet. */
  readonly pending: Readonly<Record<string, QueueEvent>>;
  /**
   * Present while events of a waiting delivery are pending. Then `due` says when the sweep publishes them, and this is
   * the `due` after that; without a time the sweep need not look at it then.
   */
  readonly unpublished?: { readonly due?: number };
  /** Why it is corrupt. */
  readonly reason?: string;
  /**
   * The mailbox that is a destination of its own (lmtp_destination_recipient_limit=1): the address without extension.
   * Absent: all mail for the destination shares one concurrency window.
   */
  readonly mailbox?: string;
  /**
   * Holds on this message. Held without any: its destination is held. While it is being delivered: they apply after the
   * attempt.
   */
  readonly holds?: readonly Hold[];
  /** While it is being delivered: an operator has removed it, effective after the attempt. */
  readonly removal?: Removal;
  /** When the delay warning was made, milliseconds since 1970: there is only one. */
  readonly warned?: number;
  /** How often in a row its message went to the dead-letter queue of active. */
  readonly deadLetters?: number;
  /** Changes by operators, latest last; limited in length. */
  readonly history?: readonly HistoryEntry[];
}

/** Whether a recipient has a final verdict. */
export function isFinished({ last }: QueuedRecipient): boolean {
  return last !== undefined && last.status !== 'deferred';
}

/** Returns the recipients without a final verdict. */
export function openRecipients({ recipients }: Pick<DeliveryItem, 'recipients'>): readonly QueuedRecipient[] {
  return recipients.filter((recipient) => !isFinished(recipient));
}
