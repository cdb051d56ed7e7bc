/**
 * Events for whoever wants to know what became of a message: in the form of Amazon SES notifications and events, so that
 * consumers which people already have work unchanged, with our own facts under `lmtp`.
 */

import type { Notify } from '../../lmtp/commands.ts';

/** What an event is about. */
export type EventKind = 'bounce' | 'delay' | 'success';

/** One recipient of a bounce event. */
export interface BouncedRecipient {
  readonly emailAddress: string;
  readonly action: 'failed';
  /** Enhanced status, such as 5.1.1. */
  readonly status: string;
  /**
   * `smtp; ` and the server's words, or `X-Postfix; ` and ours (RFC 3464 section 2.3.6). Of a recipient in doubt they are ours,
   * with the last words of the server in brackets.
   */
  readonly diagnosticCode: string;
}

/** Somebody was given up on. */
export interface BounceEvent extends EventFrame {
  readonly notificationType: 'Bounce';
  readonly eventType?: never;
  readonly bounce: {
    /** Permanent: take the address off your list; Transient: it may work another time. By the table in bounce-type.ts. */
    readonly bounceType: 'Permanent' | 'Transient';
    readonly bounceSubType: 'General' | 'MailboxFull' | 'MessageTooLarge' | 'ContentRejected';
    readonly bouncedRecipients: readonly BouncedRecipient[];
    /** RFC 3339. */
    readonly timestamp: string;
    /** The event's id: the same when the event is published twice. */
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

/** Somebody's mail is late: delivery goes on (the shape of SES event publishing, which has no notification of that). */
export interface DelayEvent extends EventFrame {
  readonly eventType: 'DeliveryDelay';
  readonly notificationType?: never;
  readonly deliveryDelay: {
    /** By the table in delay-type.ts. */
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

/** Somebody was delivered to who asked to be told (NOTIFY=SUCCESS), by a server that does not tell (RFC 3461 section 5.2). */
export interface SuccessEvent extends EventFrame {
  readonly notificationType: 'Delivery';
  readonly eventType?: never;
  readonly delivery: {
    /** RFC 3339. */
    readonly timestamp: string;
    /** From the message's arrival on. */
    readonly processingTimeMillis: number;
    readonly recipients: readonly string[];
    /** The server's own words to the first of the recipients; each one's own are in `lmtp.recipients`. */
    readonly smtpResponse: string;
    readonly reportingMTA: string;
    /** `delivered` where this is the final delivery (lmtp_flags X, lmtp_assume_final), else `relayed`. */
    readonly action: 'delivered' | 'relayed';
  };
}

/** An event. */
export type QueueEvent = BounceEvent | DelayEvent | SuccessEvent;

/** What a report needs to know of a recipient, beside what SES's own fields say. */
export interface ReportedRecipient {
  readonly address: string;
  /** The address before any rewriting, if it was another. */
  readonly original?: string;
  /** Plain text, `type;address`. */
  readonly orcpt?: string;
  /** Absent: nothing was asked for, which means FAILURE and, here as in Postfix, DELAY (RFC 3461 section 4.1). */
  readonly notify?: readonly Notify[];
  /** Host name of the server that decided it; absent where the words are ours. */
  readonly remoteMta?: string;
  /** The message may have been delivered to it; the server did not confirm it. */
  readonly inDoubt?: true;
  /** Success events only: enhanced status and the server's words. */
  readonly status?: string;
  readonly text?: string;
}

/** What all events have. */
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
    /** Which attempt of the delivery it was, from 1; 0 = refused at the door. */
    readonly attempt: number;
    /** Deliveries that the request was cut into. */
    readonly deliveries: number;
    /** Which of the events of its kind, delivery and attempt it is, from 0. */
    readonly part: number;
    /** How many events of its kind this attempt of the delivery makes. */
    readonly parts: number;
    /** The recipients that the event is about, in the order of SES's own list of them. */
    readonly recipients: readonly ReportedRecipient[];
    /** The message as it was pinned when its request was taken in. */
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
    /** `spf`, `dkim` and `dmarc`, as far as they came with the request. */
    readonly authentication?: Readonly<Record<string, string>>;
    /** Amazon SES's id of the mail, where SES received it. */
    readonly sesMessageId?: string;
  };
}
