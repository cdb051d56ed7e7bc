import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { SavedQueryName } from '../measures/saved-queries.ts';

/** The facts in the text of an alarm. */
export interface AlarmFacts {
  /** Name of the transport. */
  readonly transport: string;
  /** How long mail is kept and retried, in words. */
  readonly lifetime: string;
  /** The threshold, in the unit of its row. */
  readonly threshold: number;
  /** Hours after its arrival at which mail is about to be returned. */
  readonly expiringHours: number;
  /** The period, in words. */
  readonly over: string;
  /** The function or queue, if there are several alarms. */
  readonly subject: string;
  /** Returns a `lambda-lmtp` command for this stack: `command('queue --oldest')`. */
  command(words: string): string;
}

/** `page`: wakes the operator; `ticket`: can wait until the morning. */
export type Urgency = 'page' | 'ticket';

/** An alarm in the catalogue. */
export interface AlarmRow {
  /** Heading in docs/operating.md. */
  readonly heading: string;
  readonly urgency: Urgency;
  /** Subjects whose alarms are tickets. */
  readonly ticketFor?: readonly string[];
  /** The default threshold and its limits. */
  readonly threshold: {
    readonly usual: number;
    /** What is counted, in the plural. */
    readonly unit: string;
    readonly least: number;
    readonly most: number;
    /** `below`: the alarm begins below the threshold; default: at the threshold or above. */
    readonly direction?: 'below';
  };
  /**
   * Minutes over which events are counted, or for which another condition must last. A multiple of `minuteStep` up to a day, the
   * longest that CloudWatch evaluates.
   */
  readonly minutes: number;
  /** What is late or lost, and for which mail: whole sentences. */
  meaning(facts: AlarmFacts): string;
  /** Until when it is safe to wait, and why: whole sentences. */
  safety(facts: AlarmFacts): string;
  /** One safe action, with its command; no full stop. */
  act(facts: AlarmFacts): string;
  /** The treatment of missing values, and why. */
  readonly missing: { readonly treatment: TreatMissingData; readonly because: string };
  /** The saved query that shows more. */
  readonly query?: SavedQueryName;
}

/** Periods of alarms are multiples of these minutes: the sweep measures the queue every five. */
export const minuteStep = 5;

/** For metrics that functions write per event. */
export const nothingHappened = {
  treatment: TreatMissingData.NOT_BREACHING,
  because: 'the functions write this metric when the event happens: no value means no event',
} as const;

/** For metrics that the sweep writes about the queue. */
export const unknownWithoutSweep = {
  treatment: TreatMissingData.IGNORE,
  because:
    'only the sweep measures the queue; while it does not run the state is unknown, and another alarm reports that',
} as const;
