/**
 * Events for whoever wants to know what became of a message: in the form of Amazon SES notifications, so that consumers
 * which people already have work unchanged, with our own facts under `lmtp`.
 */

/** One recipient of a bounce event. */
export interface BouncedRecipient {
  readonly emailAddress: string;
  readonly action: 'failed';
  /** Enhanced status, such as 5.1.1. */
  readonly status: string;
  /** `smtp; ` and the server's words, or `X-Postfix; ` and ours (RFC 3464 section 2.3.6). */
  readonly diagnosticCode: string;
}

/** Somebody was given up on. */
export interface BounceEvent extends EventFrame {
  readonly notificationType: 'Bounce';
  readonly bounce: {
    /** Permanent: refused for good; Transient: the lifetime is over. */
    readonly bounceType: 'Permanent' | 'Transient';
    readonly bounceSubType: 'General' | 'NoEmail' | 'MailboxFull' | 'MessageTooLarge' | 'ContentRejected';
    readonly bouncedRecipients: readonly BouncedRecipient[];
    /** RFC 3339. */
    readonly timestamp: string;
    /** The event's id: the same when the event is published twice. */
    readonly feedbackId: string;
    readonly reportingMTA: string;
  };
}

/** Somebody was delivered to who asked to be told (NOTIFY=SUCCESS), by a server that does not tell (RFC 3461 section 5.2). */
export interface SuccessEvent extends EventFrame {
  readonly notificationType: 'Delivery';
  readonly delivery: {
    /** RFC 3339. */
    readonly timestamp: string;
    /** From the message's arrival on. */
    readonly processingTimeMillis: number;
    readonly recipients: readonly string[];
    /** The server's own words. */
    readonly smtpResponse: string;
    readonly reportingMTA: string;
    /** `delivered` where this is the final delivery (lmtp_flags X, lmtp_assume_final), else `relayed`. */
    readonly action: 'delivered' | 'relayed';
  };
}

/** An event. */
export type QueueEvent = BounceEvent | SuccessEvent;

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
    readonly eventId: string;
    readonly id: string;
    readonly delivery: string;
    readonly transport: string;
    readonly destination: string;
    readonly attempt: number;
    readonly message: { readonly bucket: string; readonly key: string; readonly versionId?: string };
  };
}
