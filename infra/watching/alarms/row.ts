import type { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { SavedQueryName } from '../measures/saved-queries.ts';

/** What the words of an alarm are filled with. */
export interface AlarmFacts {
  /** Name of the transport. */
  readonly transport: string;
  /** How long mail is kept and tried again, in words. */
  readonly lifetime: string;
  /** The threshold, in the unit of its row. */
  readonly threshold: number;
  /** Hours after its arrival from which on mail is about to be returned. */
  readonly expiringHours: number;
  /** Over how long, in words. */
  readonly over: string;
  /** Which of several: a function, a queue. */
  readonly subject: string;
  /** A command of ours for this stack: `command('queue --oldest')`. */
  command(words: string): string;
}

/** `page`: somebody is to be woken; `ticket`: it waits for the morning. */
export type Urgency = 'page' | 'ticket';

/** What is said of an alarm in the catalogue. */
export interface AlarmRow {
  /** Heading in docs/operating.md. */
  readonly heading: string;
  readonly urgency: Urgency;
  /** Of which of several nobody need be woken. */
  readonly ticketFor?: readonly string[];
  /** When it goes off if nobody says otherwise. */
  readonly threshold: {
    readonly usual: number;
    /** What is counted, in the plural. */
    readonly unit: string;
    readonly least: number;
    readonly most: number;
    /** `below`: it goes off under the threshold, and not from it on. */
    readonly direction?: 'below';
  };
  /**
   * Minutes: what is counted is counted over them, any other condition must last for them. Multiples of `minuteStep`, up to a
   * day, which is the most that CloudWatch looks back on.
   */
  readonly minutes: number;
  /** What is late or lost, and for whom: whole sentences. */
  meaning(facts: AlarmFacts): string;
  /** Until when it is safe to wait, and why: whole sentences. */
  safety(facts: AlarmFacts): string;
  /** The one safe act, and a command for it; no full stop. */
  act(facts: AlarmFacts): string;
  /** What it means that there are no values, and why that is right. */
  readonly missing: { readonly treatment: TreatMissingData; readonly because: string };
  /** The saved query that shows more. */
  readonly query?: SavedQueryName;
}

/** Minutes that lengths of time of alarms are multiples of: the sweep tells of the queue every five. */
export const minuteStep = 5;
