/**
 * The outcome of an attempt, as a value: of one transaction, of one host, or of all hosts. One function combines outcomes.
 */

import type { MetricName } from '../metrics/catalogue.ts';
import { optional } from '../request/fields.ts';
import type { Incident, IncidentNote } from './incidents.ts';
import type { Trouble } from './trouble.ts';
import type { Verdict } from './verdict.ts';

/** A value to add to a metric. */
export interface Count {
  readonly name: MetricName;
  /** In the metric's unit. Default: 1. */
  readonly value?: number;
}

/** A server sent a wrong number of final replies, or named another recipient in one. */
export interface ShortReplies {
  /** Final replies that were read. */
  readonly replies: number;
  /** Accepted recipients. */
  readonly recipients: number;
  /** `host[address]:port` */
  readonly peer: string;
}

/** Why the agent could not send the content to its end. */
export interface ContentFault {
  /** `body`: the message could not be read; `claim`: the delivery could not be claimed. */
  readonly what: 'body' | 'claim';
  /** The error that was thrown. */
  readonly error: unknown;
}

/** How an attempt ended. Each of its recipients is in `verdicts` or in `leftover`. */
export interface AttemptOutcome<Noted extends IncidentNote = Incident> {
  /** By index of the recipient in the delivery. */
  readonly verdicts: ReadonlyMap<number, Verdict>;
  /** Recipients to try at the next host. */
  readonly leftover: readonly number[];
  /** The trouble of the leftover recipients. */
  readonly trouble?: Trouble;
  /** The trouble that counts against the destination, unless a session completed. */
  readonly blame?: Trouble;
  readonly incidents: readonly Noted[];
  readonly counts: readonly Count[];
  readonly shortReplies?: ShortReplies;
  /** The opening succeeded; only such sessions count for lmtp_mx_session_limit. */
  readonly isHandshaken: boolean;
  /** A session completed: the destination is alive, whatever its replies (Postfix: no throttling then). */
  readonly isCompleted: boolean;
  /** A transaction with several recipients had each reply in its place. */
  readonly isCountRight: boolean;
  /** A new connection was made because replies were out of step; there is no second one. */
  readonly isRenewed: boolean;
  /** The time of the function ran out. */
  readonly isOutOfTime: boolean;
  /** When the last session was ready, milliseconds on the monotonic clock. */
  readonly readyAt?: number;
  readonly contentFault?: ContentFault;
}

/** The outcome before anything has happened. */
export const noOutcome: AttemptOutcome<never> = {
  verdicts: new Map(),
  leftover: [],
  incidents: [],
  counts: [],
  isHandshaken: false,
  isCompleted: false,
  isCountRight: false,
  isRenewed: false,
  isOutOfTime: false,
};

/** Combines an outcome with later ones. */
export function foldAll<Noted extends IncidentNote>(
  before: AttemptOutcome<Noted>,
  all: readonly AttemptOutcome<Noted>[],
): AttemptOutcome<Noted> {
  const every = [before, ...all];
  // The lists are joined once: joining them one by one would take quadratic time.
  const bare = every.map((one) => ({ ...one, verdicts: noOutcome.verdicts, leftover: [], incidents: [], counts: [] }));
  return {
    ...bare.reduce<AttemptOutcome<Noted>>(foldOutcomes, noOutcome),
    verdicts: new Map(every.flatMap(({ verdicts }) => [...verdicts])),
    leftover: every.flatMap(({ leftover }) => leftover),
    incidents: every.flatMap(({ incidents }) => incidents),
    counts: every.flatMap(({ counts }) => counts),
  };
}

/** Combines an outcome with the next one. */
export function foldOutcomes<Noted extends IncidentNote>(
  before: AttemptOutcome<Noted>,
  next: AttemptOutcome<Noted>,
): AttemptOutcome<Noted> {
  return {
    // The later value wins, except that the first blame and the first faults stay.
    ...before,
    ...next,
    ...optional('blame', before.blame ?? next.blame),
    ...optional('shortReplies', before.shortReplies ?? next.shortReplies),
    ...optional('contentFault', before.contentFault ?? next.contentFault),
    verdicts: new Map([...before.verdicts, ...next.verdicts]),
    leftover: [...before.leftover, ...next.leftover],
    incidents: [...before.incidents, ...next.incidents],
    counts: [...before.counts, ...next.counts],
    isHandshaken: before.isHandshaken || next.isHandshaken,
    isCompleted: before.isCompleted || next.isCompleted,
    isCountRight: before.isCountRight || next.isCountRight,
    isRenewed: before.isRenewed || next.isRenewed,
    isOutOfTime: before.isOutOfTime || next.isOutOfTime,
  };
}
