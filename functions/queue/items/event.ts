/**
 * Events about the fate of messages, in the form of Amazon SES notifications and events, so that existing consumers
 * work unchanged. Additional facts are under `lmtp`.
 */

import type { Notify } from '../../lmtp/commands.ts';

/** The kind of an event. */
export type EventKind = 'bounce' | 'delay' | 'success' | 'reject';

/** One recipient of a bounce event. */
export interface BouncedRecipient {
  readonly emailAddress: string;
  readonly action: 'failed';
  /** Enhanced status, such as 5.1.1. */
  readonly status: string;
  /**
   * `smtp; ` and the server's reply, or `X-Postfix; ` and the agent's text (RFC 3464 section 2.3.6). For a recipient in
   * doubt it is the agent's text, with the last reply in brackets.
   */
  readonly diagnosticCode: string;
}

/** Delivery to recipients was given up. */
export interface BounceEvent extends EventFrame {
  readonly notificationType: 'Bounce';
  readonly eventType?: never;
  readonly bounce: {
    /**
     * Permanent: take the address off your list; Transient: a later message may arrive. See the table in
     * bounce-type.ts.
     */
    readonly bounceType: 'Permanent' | 'Transient';
    readonly bounceSubType: 'General' | 'MailboxFull' | 'MessageTooLarge' | 'ContentRejected';
    readonly bouncedRecipients: readonly BouncedRecipient[];
    /** RFC 3339. */
    readonly timestamp: string;
    /** The event's id: the same if the event is published twice. */
    readonly feedbackId: string;
    readonly reportingMTA: string;
  };
}

/** One recipient of a delay event. */
export interface DelayedRecipientEntry {
  readonly emailAddress: string;
  /** Enhanced status, such as 4.4.1. */
  readonly status: string;
  /** As in {@link BouncedRecipient}. */
  readonly diagnosticCode: string;
}

/**
 * Mail to recipients is late, and delivery continues (the shape of SES event publishing; SES has no such notification).
 */
export interface DelayEvent extends EventFrame {
  readonly eventType: 'DeliveryDelay';
  readonly notificationType?: never;
  readonly deliveryDelay: {
    /** See the table in delay-type.ts. */
    readonly delayType:
      | 'General'
      | 'InternalFailure'
      | 'IPFailure'
      | 'MailboxFull'
      | 'RecipientServerError'
      | 'TransientCommunicationFailure'
      | 'Undetermined';
    readonly delayedRecipients: readonly DelayedRecipientEntry[];
    /** When delivery will be given up, RFC 3339. */
    readonly expirationTime: string;
    /** RFC 3339. */
    readonly timestamp: string;
    readonly reportingMTA: string;
  };
}

/** A message was delivered to recipients with NOTIFY=SUCCESS, by a server without DSN (RFC 3461 section 5.2). */
export interface SuccessEvent extends EventFrame {
  readonly notificationType: 'Delivery';
  readonly eventType?: never;
  readonly delivery: {
    /** RFC 3339. */
    readonly timestamp: string;
    /** Milliseconds since the arrival of the message. */
    readonly processingTimeMillis: number;
    readonly recipients: readonly string[];
    /** The server's reply for the first recipient; each recipient's own reply is in `lmtp.recipients`. */
    readonly smtpResponse: string;
    readonly reportingMTA: string;
    /** `delivered` at the final delivery (lmtp_flags X, lmtp_assume_final), else `relayed`. */
    readonly action: 'delivered' | 'relayed';
  };
}

/**
 * A message was discarded for a verdict of Amazon SES, or dropped when its hold ended (the shape of SES event
 * publishing). No report is sent: the sender may be forged. The reason and status are in `lmtp.recipients`.
 */
export interface RejectEvent extends EventFrame {
  readonly eventType: 'Reject';
  readonly notificationType?: never;
  readonly reject: {
    /** The only reason that SES has. */
    readonly reason: 'Bad content';
    /** RFC 3339. */
    readonly timestamp: string;
    readonly reportingMTA: string;
  };
}

/** An event that is reported by mail. */
export type ReportableEvent = BounceEvent | DelayEvent | SuccessEvent;

/** The kind of an event that is reported by mail. */
export type ReportKind = Exclude<EventKind, 'reject'>;

/** Returns the kind of an event that is reported by mail. */
export function reportKindOf(event: ReportableEvent): ReportKind {
  if (event.eventType === 'DeliveryDelay') return 'delay';
  return event.notificationType === 'Bounce' ? 'bounce' : 'success';
}

/** An event. */
export type QueueEvent = ReportableEvent | RejectEvent;

/** What a report needs to know of a recipient, besides SES's own fields. */
export interface ReportedRecipient {
  readonly address: string;
  /** The address before any rewriting, if different. */
  readonly original?: string;
  /** Plain text, `type;address`. */
  readonly orcpt?: string;
  /** Absent: nothing was requested, which means FAILURE and, as in Postfix, DELAY (RFC 3461 section 4.1). */
  readonly notify?: readonly Notify[];
  /** Host name of the server that decided; absent if the agent decided. */
  readonly remoteMta?: string;
  /** The message may have been delivered to it; the server did not confirm it. */
  readonly inDoubt?: true;
  /** Success events: enhanced status and the server's reply. Reject events: 5.7.1 and why it was rejected. */
  readonly status?: string;
  readonly text?: string;
}

/** The part that all events share. */
export interface EventFrame {
  readonly mail: {
    /** When the message arrived, RFC 3339. */
    readonly timestamp: string;
    readonly source: string;
    /** Queue id. */
    readonly messageId: string;
    /** All recipients of this delivery. */
    readonly destination: readonly string[];
  };
  readonly lmtp: {
    /** Of the event's form (schema-version.ts). */
    readonly version?: number;
    readonly eventId: string;
    readonly kind: EventKind;
    readonly id: string;
    readonly delivery: string;
    readonly transport: string;
    readonly destination: string;
    /** Number of the delivery's attempt, from 1; 0 = refused at admission. */
    readonly attempt: number;
    /** Deliveries into which the request was cut. */
    readonly deliveries: number;
    /** Number of the event among those of its kind, delivery and attempt, from 0. */
    readonly part: number;
    /** How many events of its kind this attempt of the delivery makes. */
    readonly parts: number;
    /** The recipients of the event, in the order of SES's own list. */
    readonly recipients: readonly ReportedRecipient[];
    /** The message, as pinned when its request was admitted. */
    readonly message: {
      readonly bucket: string;
      readonly key: string;
      readonly versionId?: string;
      readonly etag: string;
      /** Octets. */
      readonly size: number;
    };
    readonly smtputf8?: boolean;
    readonly dsn?: { readonly ret?: 'FULL' | 'HDRS'; readonly envid?: string };
    /** `spf`, `dkim`, `dmarc`, `spam` and `virus`, if the request had them. */
    readonly authentication?: Readonly<Record<string, string>>;
    /** Amazon SES's id of the mail, if SES received it. */
    readonly sesMessageId?: string;
  };
}
