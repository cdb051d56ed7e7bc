/**
 * The ports of the bounce function, implemented by aws/ and by fakes in tests.
 */

import type { Log } from '../log/log.ts';
import type { Notifier } from '../notices/notifier.ts';
import type { Parameters } from '../parameters/parameters.ts';
import type { ReportableEvent, ReportKind } from '../queue/items/event.ts';
import type { Bodies, Ledger } from '../queue/items/ports.ts';
import type { Clock } from '../time/clock.ts';
import type { ComposedMail } from './compose.ts';
import type { ReportRecipient, ReportSubject } from './subject.ts';

/** The events of one report: one kind, one request, one pass. */
export interface Group {
  /** Queue id. */
  readonly id: string;
  readonly kind: ReportKind;
  /** Number of the attempt, from 1; refusals at admission belong to the first. */
  readonly pass: number;
}

/** An event that waits for its report, or is in one. */
export interface KeptEvent {
  readonly event: ReportableEvent;
  /** When it was first received, milliseconds since 1970. */
  readonly at: number;
}

/** A report whose content is fixed. */
export interface SealedReport {
  /** Number of the report in its group, from 0: an event that is too late for one is in the next. */
  readonly number: number;
  readonly eventIds: readonly string[];
  /** Milliseconds since 1970: the report's date. */
  readonly sealedAt: number;
  /** Until when no other call sends its mails, milliseconds since 1970. */
  readonly lease: number;
  /** Random; identifies the call that sends its mails. */
  readonly by: string;
  /** The roles whose mails have been sent. */
  readonly handedOver: readonly string[];
  /** Whether all mails have been sent. */
  readonly isDone: boolean;
}

/**
 * Records of reports. Each method may be repeated, and throws if the table cannot be reached; the work is then repeated
 * later.
 */
export interface ReportRecords {
  /** Stores an event; an existing one stays. */
  keep(group: Group, kept: KeptEvent): Promise<void>;
  /**
   * Returns the events and reports of a group, in a consistent read. Throws if a report is malformed, because its mails
   * may have been sent.
   */
  read(group: Group): Promise<{
    readonly events: readonly KeptEvent[];
    readonly reports: readonly SealedReport[];
    /** Malformed events, with the wrong field. Absent: none. */
    readonly faults?: readonly string[];
  }>;
  /** Fixes the content of a report, unless one of its number exists. */
  seal(group: Group, report: SealedReport): Promise<void>;
  /** Takes over a report whose lease has ended; false if another call did, or finished it. */
  takeOver(group: Group, seen: SealedReport, by: string, lease: number): Promise<boolean>;
  /** Records that a mail of the report has been sent. */
  recordHandedOver(group: Group, number: number, role: string): Promise<void>;
  /** Records that all mails of the report have been sent. */
  markDone(group: Group, number: number): Promise<void>;
}

/** A mail to send. */
export interface OutgoingMail extends ComposedMail {
  /** Its queue id, the same for each repetition. */
  readonly reportId: string;
  /** "" is the null sender. */
  readonly envelopeSender: string;
  readonly recipient: string;
  /** Milliseconds since 1970. */
  readonly date: number;
}

/** Sends mail through the stack's own incoming queue. */
export interface IncomingOutlet {
  /** Stores the mail and sends a request for it. A repeated request is a duplicate. */
  send(parcel: OutgoingMail): Promise<void>;
}

/** Sends mail through Amazon SES. Refusals of SES are thrown, and the call is repeated. */
export interface SesOutlet {
  /** Sends SES's own bounce for a mail that SES received (SendBounce); false if SES makes none for it. */
  bounce(subject: ReportSubject, recipients: readonly ReportRecipient[]): Promise<boolean>;
  send(parcel: OutgoingMail): Promise<void>;
}

/** Domains whose mail this stack delivers. */
export interface LocalDomains {
  covers(address: string): boolean;
}

/** The services of reporting. */
export interface ReportServices {
  readonly records: ReportRecords;
  readonly ledger: Pick<Ledger, 'readAll'>;
  readonly bodies: Bodies;
  readonly incoming: IncomingOutlet;
  readonly ses: SesOutlet;
  readonly domains: LocalDomains;
  /** Trouble reported to postmasters also goes to the notice topic. */
  readonly notices: Pick<Notifier, 'raise'>;
  readonly parameters: Parameters;
  readonly clock: Clock;
  readonly log: Pick<Log, 'note'>;
}
