/**
 * How many deliveries at once a destination is trusted with, and when it is taken for dead (qmgr_queue.c). Pure.
 *
 * It begins with a window of lmtp_initial_destination_concurrency. Each success makes the window larger by one, up to
 * lmtp_destination_concurrency_limit; a failure (one that throttles, see trouble.ts) makes it smaller. When failures amount to
 * as many windows full as lmtp_destination_concurrency_failed_cohort_limit says, with no success among them, the destination
 * is suspended for minimal_backoff_time. Then one delivery at a time may find out whether it is alive.
 *
 * One thing is stricter than in Postfix, where a single process sees everything at once: while nothing has ever succeeded
 * in the present window, the first failure stops further deliveries until those that are under way have had their time to
 * fail too, and then lets one through at a time. So no more deliveries meet a dead host than the first window holds.
 */

import type { Parameters } from '../parameters.ts';
import type { EnhancedStatus } from '../smtp/enhanced-status.ts';
import type { ConcurrencyWindow, DestinationRecord, Probe } from './destination-record.ts';

/** Why a delivery counts against its destination. */
export interface Failure {
  readonly status: EnhancedStatus;
  readonly text: string;
  /** The server took something all the same: it is in trouble, not dead. */
  readonly isAlive?: boolean;
}

/** The parameters that the window goes by. */
export type WindowLimits = Pick<
  Parameters,
  | 'lmtp_initial_destination_concurrency'
  | 'lmtp_destination_concurrency_limit'
  | 'lmtp_destination_concurrency_failed_cohort_limit'
  | 'minimal_backoff_time'
  | 'lmtp_connect_timeout'
>;

/** Milliseconds after which a window that nobody used is forgotten, as Postfix forgets a destination that is idle. */
export const windowMemory = 5 * 60_000;

/** The longest time, in milliseconds, that a first failure stops deliveries. */
const longestDoubt = 60_000;

/** How much one result changes the window (default_destination_concurrency_positive_feedback, ..._negative_feedback). */
const feedback = 1;

/** How many deliveries at once the destination gets now. */
export function openSlots(record: DestinationRecord, limits: WindowLimits, now: number): number {
  return currentWindow(record, limits, now).size;
}

/**
 * Whether nothing has succeeded here of late, so that the record must be looked at before every delivery.
 */
export function isUnproven(record: DestinationRecord, limits: WindowLimits, now: number): boolean {
  return record.suspension !== undefined || currentWindow(record, limits, now).succeededAt === undefined;
}

/** From when on the next delivery may be tried after a first failure, one at a time; undefined: there is no doubt. */
export function doubtEnds(record: DestinationRecord, limits: WindowLimits, now: number): number | undefined {
  const { succeededAt, failures, failedAt } = currentWindow(record, limits, now);
  // Where nothing is ever taken for dead, nothing is doubted either.
  if (limits.lmtp_destination_concurrency_failed_cohort_limit === 0) return undefined;
  if (succeededAt !== undefined || failures === 0 || failedAt === undefined) return undefined;
  const longest = limits.lmtp_connect_timeout > 0 ? Math.min(limits.lmtp_connect_timeout, longestDoubt) : longestDoubt;
  return failedAt + longest;
}

/** What a delivery says about its destination, beside how it went. */
export interface Report {
  readonly now: number;
  /** The probe that the delivery was, if it was one. */
  readonly probe?: Probe;
}

/**
 * The record after a delivery without blame, or undefined where there is nothing to write.
 *
 * @param isWanted whether more deliveries are ready than the window lets through
 */
export function afterSuccess(
  record: DestinationRecord,
  limits: WindowLimits,
  { now, probe }: Report,
  isWanted: boolean,
): DestinationRecord | undefined {
  const { suspension, ...rest } = withoutProbe(record, probe);
  const window = currentWindow(record, limits, now);
  // Back from the dead: nobody knows how much it can take.
  if (suspension !== undefined) return { ...rest, window: { ...freshWindow(limits, now), succeededAt: now } };
  const { lmtp_initial_destination_concurrency: initial, lmtp_destination_concurrency_limit: limit } = limits;
  // What failures took of the first window comes back in any case.
  const grows = (isWanted || window.size < initial) && window.size < limit;
  const isOld = record.window !== undefined && now - record.window.at > windowMemory / 2;
  const isProbe = rest.probe !== record.probe;
  if (!grows && !isOld && !isProbe && window.failures === 0) return undefined;
  return {
    ...rest,
    window: {
      ...window,
      size: grows ? window.size + feedback : window.size,
      failure: grows ? 0 : window.failure,
      failures: 0,
      failedCohorts: 0,
      succeededAt: now,
      at: now,
    },
  };
}

/** The record after a delivery that its destination is to blame for, or undefined where there is nothing to write. */
export function afterFailure(
  record: DestinationRecord,
  limits: WindowLimits,
  { now, probe }: Report,
  { status, text, isAlive = false }: Failure,
): DestinationRecord | undefined {
  const { suspension, ...rest } = withoutProbe(record, probe);
  const until = now + limits.minimal_backoff_time;
  if (suspension !== undefined) {
    // One that was under way when the destination was suspended says nothing new.
    if (probe === undefined) return undefined;
    return { ...rest, suspension: { ...suspension, until, why: text, dsn: status, failures: suspension.failures + 1 } };
  }
  const { window: _, ...reopened } = rest;
  const window = currentWindow(record, limits, now);
  const failures = window.failures + 1;
  const failedCohorts = window.failedCohorts + 1 / window.size;
  const cohortLimit = limits.lmtp_destination_concurrency_failed_cohort_limit;
  if (cohortLimit > 0 && failedCohorts >= cohortLimit) {
    return { ...reopened, suspension: { since: now, until, why: text, dsn: status, failures } };
  }
  const shrinking = { ...shrunk(window), failures, failedCohorts, failedAt: now, at: now };
  return { ...rest, window: isAlive ? { ...shrinking, succeededAt: now } : shrinking };
}

/** The record after a delivery that says nothing about its destination: whoever was the probe is it no more. */
export function afterNothing(record: DestinationRecord, { probe }: Report): DestinationRecord | undefined {
  const rest = withoutProbe(record, probe);
  return rest.probe === record.probe ? undefined : rest;
}

/** One window for each failure, and one more: so Postfix's own feedback comes out with its usual parameters. */
function shrunk(window: ConcurrencyWindow): ConcurrencyWindow {
  let { size } = window;
  let failure = window.failure - feedback;
  while (failure - feedback / 2 < 0) {
    size -= 1;
    failure += 1;
  }
  return { ...window, size: Math.max(1, size), failure };
}

/** The window as it is now: one that nobody used is forgotten, and none is larger than the limit. */
function currentWindow(record: DestinationRecord, limits: WindowLimits, now: number): ConcurrencyWindow {
  const { window } = record;
  if (window === undefined || now - window.at > windowMemory) return freshWindow(limits, now);
  return { ...window, size: Math.min(window.size, limits.lmtp_destination_concurrency_limit) };
}

function freshWindow(limits: WindowLimits, now: number): ConcurrencyWindow {
  const { lmtp_initial_destination_concurrency: initial, lmtp_destination_concurrency_limit: limit } = limits;
  return { size: Math.min(initial, limit), failedCohorts: 0, failure: 0, failures: 0, at: now };
}

function withoutProbe(record: DestinationRecord, probe: Probe | undefined): DestinationRecord {
  if (probe === undefined || record.probe?.token !== probe.token) return record;
  const { probe: _, ...rest } = record;
  return rest;
}
