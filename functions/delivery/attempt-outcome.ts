/**
 * What an attempt came to, as a value: of one transaction, of one host, or of all that were tried. One function folds them.
 */

import type { MetricName } from '../metrics/catalogue.ts';
import { optional } from '../request/fields.ts';
import type { Incident, IncidentNote } from './incidents.ts';
import type { Trouble } from './trouble.ts';
import type { Verdict } from './verdict.ts';

/** Something to be added to a metric. */
export interface Count {
  readonly name: MetricName;
  /** In the metric's unit. Default: 1. */
  readonly value?: number;
}

/** A server gave another number of final replies than it had accepted recipients, or named another recipient in one. */
export interface ShortReplies {
  /** Final replies that were read. */
  readonly replies: number;
  /** Accepted recipients. */
  readonly recipients: number;
  /** `host[address]:port` */
  readonly peer: string;
}

/** Why content could not be sent to its end, where the cause is ours. */
export interface ContentFault {
  /** `body`: the message could not be read; `claim`: the delivery could not be claimed. */
  readonly what: 'body' | 'claim';
  /** As it was thrown. */
  readonly error: unknown;
}

/** How an attempt ended. The recipients of `verdicts` and of `leftover` together are those that it was made for. */
export interface AttemptOutcome<Noted extends IncidentNote = Incident> {
  /** By index of the delivery's recipients. */
  readonly verdicts: ReadonlyMap<number, Verdict>;
  /** Recipients to be tried at the next host. */
  readonly leftover: readonly number[];
  /** What the leftover recipients are left with. */
  readonly trouble?: Trouble;
  /** What counts against the destination, unless a session ran its course. */
  readonly blame?: Trouble;
  readonly incidents: readonly Noted[];
  readonly counts: readonly Count[];
  readonly shortReplies?: ShortReplies;
  /** The server let us in; only such sessions count for lmtp_mx_session_limit. */
  readonly isHandshaken: boolean;
  /** A session ran its course: the destination is alive, whatever it said (Postfix: no throttling then). */
  readonly isCompleted: boolean;
  /** A transaction with several recipients had each reply in its place. */
  readonly isCountRight: boolean;
  /** A fresh connection was made since replies were out of step; a second one is not. */
  readonly isRenewed: boolean;
  /** Our own time ended something. */
  readonly isOutOfTime: boolean;
  /** When the last session was ready, milliseconds on the monotonic clock. */
  readonly readyAt?: number;
  readonly contentFault?: ContentFault;
}

/** Nothing has happened yet. */
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

/** Folds several outcomes into what happened before. */
export function foldAll<Noted extends IncidentNote>(
  before: AttemptOutcome<Noted>,
  all: readonly AttemptOutcome<Noted>[],
): AttemptOutcome<Noted> {
  const every = [before, ...all];
  // The lists are joined once: one after another would take time by the square of the recipients.
  const bare = every.map((one) => ({ ...one, verdicts: noOutcome.verdicts, leftover: [], incidents: [], counts: [] }));
  return {
    ...bare.reduce<AttemptOutcome<Noted>>(foldOutcomes, noOutcome),
    verdicts: new Map(every.flatMap(({ verdicts }) => [...verdicts])),
    leftover: every.flatMap(({ leftover }) => leftover),
    incidents: every.flatMap(({ incidents }) => incidents),
    counts: every.flatMap(({ counts }) => counts),
  };
}

/** Folds what happened next into what happened before. */
export function foldOutcomes<Noted extends IncidentNote>(
  before: AttemptOutcome<Noted>,
  next: AttemptOutcome<Noted>,
): AttemptOutcome<Noted> {
  return {
    // What is known of both: the later one is told last, the first one to blame is to blame.
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
