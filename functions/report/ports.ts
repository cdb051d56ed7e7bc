/**
 * What the bounce function knows of the world: small interfaces, carried out by aws/ and by the tests' fakes alike.
 */

import type { Log } from '../log/log.ts';
import type { Notifier } from '../notices/notifier.ts';
import type { Parameters } from '../parameters/parameters.ts';
import type { QueueEvent } from '../queue/items/event.ts';
import type { Bodies, Ledger } from '../queue/items/ports.ts';
import type { Clock } from '../time/clock.ts';
import type { ComposedMail } from './compose.ts';
import type { ReportRecipient, ReportSubject } from './subject.ts';

/** What is gathered into one report: what happened to a request in one pass. */
export interface Group {
  /** Queue id. */
  readonly id: string;
  readonly kind: QueueEvent['lmtp']['kind'];
  /** The attempt, from 1: what was refused at the door belongs to the first. */
  readonly pass: number;
}

/** An event that waits for its report, or is in one. */
export interface KeptEvent {
  readonly event: QueueEvent;
  /** When it came first, milliseconds since 1970. */
  readonly at: number;
}

/** A report that was begun: what is in it is settled, and never changes again. */
export interface SealedReport {
  /** Which of its group it is, from 0: an event that comes too late for one is in the next. */
  readonly number: number;
  readonly eventIds: readonly string[];
  /** Milliseconds since 1970: the report's date. */
  readonly sealedAt: number;
  /** Until when nobody else hands it over, milliseconds since 1970. */
  readonly lease: number;
  /** Random; names who hands it over. */
  readonly by: string;
  /** Those of its mails that are handed over. */
  readonly handedOver: readonly string[];
  /** Nothing more is to be done. */
  readonly isDone: boolean;
}

/**
 * Records of what was told. Each method may be repeated, and throws where the table cannot be reached: whatever had to be
 * done is then done later.
 */
export interface ReportRecords {
  /** Keeps an event; one that is there already stays as it is. */
  keep(group: Group, kept: KeptEvent): Promise<void>;
  /** What a group has, consistently read. Throws where a report that was begun is malformed: what is in it may be told already. */
  read(group: Group): Promise<{
    readonly events: readonly KeptEvent[];
    readonly reports: readonly SealedReport[];
    /** Events that cannot be read, with the field that is wrong. Absent: there is none. */
    readonly faults?: readonly string[];
  }>;
  /** Begins a report; nothing changes where one of its number is there. */
  seal(group: Group, report: SealedReport): Promise<void>;
  /** Takes over a report whose lease has ended; false where somebody else did, or finished it. */
  takeOver(group: Group, seen: SealedReport, by: string, lease: number): Promise<boolean>;
  /** Notes that a mail of the report is handed over. */
  recordHandedOver(group: Group, number: number, role: string): Promise<void>;
  /** Notes that nothing more is to be done. */
  markDone(group: Group, number: number): Promise<void>;
}

/** A mail that leaves. */
export interface Parcel extends ComposedMail {
  /** Its queue id: the same for every copy of it. */
  readonly reportId: string;
  /** "" is the null sender. */
  readonly envelopeSender: string;
  readonly recipient: string;
  /** Milliseconds since 1970. */
  readonly date: number;
}

/** The way over our own incoming queue. */
export interface IncomingOutlet {
  /** Files the mail and sends a request for it. May be repeated: the second request is a duplicate. */
  send(parcel: Parcel): Promise<void>;
}

/** The way over Amazon SES. What SES refuses is thrown, and tried again. */
export interface SesOutlet {
  /** SES's own report on a mail that it received (SendBounce); false where it makes none for this one. */
  bounce(subject: ReportSubject, recipients: readonly ReportRecipient[]): Promise<boolean>;
  send(parcel: Parcel): Promise<void>;
}

/** Domains that this stack delivers. */
export interface LocalDomains {
  covers(address: string): boolean;
}

/** Everything that telling needs. */
export interface ReportServices {
  readonly records: ReportRecords;
  readonly ledger: Pick<Ledger, 'readAll'>;
  readonly bodies: Bodies;
  readonly incoming: IncomingOutlet;
  readonly ses: SesOutlet;
  readonly domains: LocalDomains;
  /** What postmasters are told of is said on the notice topic too. */
  readonly notices: Pick<Notifier, 'raise'>;
  readonly parameters: Parameters;
  readonly clock: Clock;
  readonly log: Pick<Log, 'note'>;
}
