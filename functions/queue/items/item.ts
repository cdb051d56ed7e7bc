/**
 * A delivery as the queue table holds it: the queue file's envelope, its state, and what was said to each recipient last.
 */

import type { DeliveryRecipient } from '../../request/delivery.ts';
import type { EnhancedStatus } from '../../smtp/enhanced-status.ts';
import type { QueueEvent } from './event.ts';
import type { DeliveryKey } from './messages.ts';
import type { State } from './states.ts';

/** A message body, pinned when its request was taken in: what is read later must be what was seen then. */
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
  /** `removed`: taken out by an operator, and nobody was told. */
  readonly status: 'sent' | 'deferred' | 'bounced' | 'expired' | 'removed';
  readonly dsn: EnhancedStatus;
  /** The server's words; cut where an item would grow too large (the log has them whole). */
  readonly text: string;
  readonly relay?: string;
  readonly remoteMta?: string;
  /** The recipient may have the message: this attempt, or an earlier one, ended in doubt. */
  readonly inDoubt?: true;
  /** Sent to a server without DSN. */
  readonly relayed?: true;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Which attempt it was, from 1; 0 = refused at the door. */
  readonly attempt: number;
  /** Who said so, where it was a person: an AWS identity. */
  readonly by?: string;
}

/**
 * Attempts that ended in doubt: the content may have reached the server, which did not confirm it. A lease that ran out counts, a
 * deferral without an attempt does not. Stays with the recipient whatever is said later; means nothing once it is sent.
 */
export interface Doubt {
  /** How many of them there were since an operator released the message last; in_doubt_limit bounds it. */
  readonly attempts: number;
  /** When the first of them ended, milliseconds since 1970. */
  readonly since: number;
  /** When the latest of them ended, milliseconds since 1970. */
  readonly at: number;
}

/** A recipient of an item. */
export interface QueuedRecipient extends DeliveryRecipient {
  /** Its place in the request, from 0. */
  readonly n: number;
  readonly last?: LastVerdict;
  /** Absent: no attempt ended in doubt, or an earlier release, which wrote `last.inDoubt` alone, made the last one. */
  readonly doubt?: Doubt;
}

/** The claim of a worker. */
export interface Claim {
  /** Random; known to the worker alone. */
  readonly token: string;
  /** Milliseconds since 1970: from then on the worker is taken for dead. */
  readonly until: number;
}

/** Somebody wants a message, or whatever goes to a destination, to stay where it is. Several may lie on one thing. */
export interface Hold {
  /** Names it among the holds of the same message or destination. */
  readonly id: string;
  readonly reason: string;
  /** Who holds it: an AWS identity, or the function that did. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** When it ends by itself, milliseconds since 1970; absent: it does not. */
  readonly until?: number;
}

/** An operator has removed a message that is being delivered: whoever is left at the end of the attempt is not tried again. */
export interface Removal {
  readonly by: string;
  readonly why: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Whether the sender is told that it was not delivered. */
  readonly bounces: boolean;
}

/** One change by hand. */
export interface HistoryEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** An AWS identity. */
  readonly by: string;
  /** What was changed, in a few words. */
  readonly what: string;
  readonly why: string;
}

/** One item. */
export interface DeliveryItem extends DeliveryKey {
  /** Of the item's form (schema-version.ts). */
  readonly version: number;
  readonly state: State;
  readonly generation: number;
  /** Random; names the write that made the item what it is. */
  readonly by: string;
  /** When somebody has to look at it, milliseconds since 1970; absent where nobody has to. */
  readonly due?: number;
  /** Of the whole request: another hash under the same id is another request. */
  readonly requestHash: string;
  /** Of the way it was cut into deliveries. */
  readonly planHash: string;
  /** Deliveries that the request was cut into. */
  readonly deliveries: number;
  /** When the message arrived, milliseconds since 1970: what back-off and lifetime count from. */
  readonly arrival: number;
  /** When it was last put into active, milliseconds since 1970. */
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
  /** Amazon SES's id of the mail, where SES received it. */
  readonly sesMessageId?: string;
  /** Attempts made. */
  readonly attempt: number;
  /**
   * Generations in which the latest attempts were settled, oldest first: the last one belongs to the latest attempt. 0: no message
   * tells of it, since its lines were logged before it was written, or the sweep counted it. A message of such a generation that comes again tells of a worker that died before it
   * deleted it, and perhaps before it wrote its lines.
   */
  readonly settled?: readonly number[];
  readonly claim?: Claim;
  /** Events that are decided but perhaps not published yet, by event id. */
  readonly pending: Readonly<Record<string, QueueEvent>>;
  /**
   * Events are pending on a delivery that waits: `due` is then when somebody has to publish them, and this is what it is
   * once they are out; without a time, nobody has to look at it then.
   */
  readonly unpublished?: { readonly due?: number };
  /** Why it is corrupt. */
  readonly reason?: string;
  /**
   * The mailbox that is a destination of its own (lmtp_destination_recipient_limit=1): address without extension. Absent:
   * what goes to its destination shares one concurrency limit.
   */
  readonly mailbox?: string;
  /** Holds on this message. Held without any: its destination is held. On one that is being delivered: from its end on. */
  readonly holds?: readonly Hold[];
  /** On a delivery that is being delivered: it is done at the end of the attempt. */
  readonly removal?: Removal;
  /** When a delay warning was made, milliseconds since 1970: there is only one. */
  readonly warned?: number;
  /** How often in a row its message went to the dead letters of active, where no function could handle it. */
  readonly deadLetters?: number;
  /** What people changed, latest last; bounded. */
  readonly history?: readonly HistoryEntry[];
}

/** Whether a recipient needs nothing more. */
export function isFinished({ last }: QueuedRecipient): boolean {
  return last !== undefined && last.status !== 'deferred';
}

/** The recipients that are still to be delivered to. */
export function openRecipients({ recipients }: Pick<DeliveryItem, 'recipients'>): readonly QueuedRecipient[] {
  return recipients.filter((recipient) => !isFinished(recipient));
}
