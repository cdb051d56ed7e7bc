/**
 * How many deliveries at once a destination is trusted with, and when it is taken for dead (qmgr_queue.c). Pure.
 *
 * It begins with a window of lmtp_initial_destination_concurrency. Each success makes the window larger by one, up to
 * lmtp_destination_concurrency_limit; a failure (one that throttles, see trouble.ts) makes it smaller. When failures amount to
 * as many windows full as lmtp_destination_concurrency_failed_cohort_limit says, with no success among them, the destination
 * is suspended for minimal_backoff_time. Then one delivery at a time may find out whether it is alive.
 *
 * One thing is stricter than in Postfix, where a single process sees everything at once: while nothing has ever succeeded
 * in the present window, deliveries under way are listed in the record (trials). After the first failure there are never more
 * of them than failures are missing until the destination is suspended; so no more deliveries meet a dead host than the first
 * window holds, and it is suspended as soon as they have failed. A success ends the doubt.
 */

import type { Parameters } from '../../parameters/parameters.ts';
import type { EnhancedStatus } from '../../smtp/enhanced-status.ts';
import type { ConcurrencyWindow, DestinationRecord, Probe, Trial } from '../items/destination-record.ts';

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

/** The longest time, in milliseconds, after which a delivery under way is expected to have failed. */
const longestDoubt = 60_000;

/** Milliseconds between the end of a delivery and the moment at which the others can know of it; generous. */
const reportTime = 2000;

/** Milliseconds after which a trial is waited for no more: its worker may be dead. Longer than a server that says nothing is given. */
const longestTrial = 120_000;

/** The shortest time, in milliseconds, for which a delivery waits for what others find out. */
const shortestPatience = 5000;

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

/** Whether deliveries have failed, and none has succeeded in the present window: it is not known yet whether the destination is dead. */
export function isDoubted(record: DestinationRecord, limits: WindowLimits, now: number): boolean {
  const { succeededAt, failures } = currentWindow(record, limits, now);
  // Where nothing is ever taken for dead, nothing is doubted either.
  if (limits.lmtp_destination_concurrency_failed_cohort_limit === 0) return false;
  return record.suspension === undefined && succeededAt === undefined && failures > 0;
}

/** How many deliveries may be under way in doubt: as many as must fail until the destination is suspended. */
export function trialLimit(record: DestinationRecord, limits: WindowLimits, now: number): number {
  let window = currentWindow(record, limits, now);
  const { size } = window;
  let missing = 0;
  while (missing < size && window.failedCohorts < limits.lmtp_destination_concurrency_failed_cohort_limit) {
    window = { ...shrunk(window), failedCohorts: window.failedCohorts + 1 / window.size };
    missing += 1;
  }
  return missing;
}

/** The deliveries under way that began while nothing had succeeded, and whose workers are not taken for dead. */
export function trialsUnderWay({ trials = [] }: DestinationRecord, now: number): readonly Trial[] {
  return trials.filter(({ until }) => now < until);
}

/** The trial that begins now. `leaseEnds`: when its worker is taken for dead in any case, milliseconds since 1970. */
export function newTrial(now: number, leaseEnds: number): Trial {
  return { token: crypto.randomUUID(), since: now, until: Math.min(leaseEnds, now + longestTrial) };
}

/** The record with a further delivery under way. */
export function withTrial(record: DestinationRecord, trial: Trial): DestinationRecord {
  return { ...record, trials: [...trialsUnderWay(record, trial.since), trial] };
}

/**
 * When those under way should have told how they went: then it is decided whether the destination is dead, or others may try.
 * Milliseconds since 1970.
 */
export function trialsEnd(record: DestinationRecord, limits: WindowLimits, now: number): number {
  const { failedAfter = failureTime(limits) } = currentWindow(record, limits, now);
  const trials = trialsUnderWay(record, now);
  const expected = Math.max(...trials.map(({ since }) => since + failedAfter + reportTime), 0);
  // They take longer than the last one did: by then at the latest they are waited for no more.
  const end = expected > now ? expected : Math.min(...trials.map(({ until }) => until), now + longestDoubt);
  return Math.max(end, now + shortestPatience);
}

/**
 * When deliveries that are not listed as trials have had their time to fail, after a failure; milliseconds since 1970. Those to
 * mailboxes are not: a write for each of them would be one for nearly every delivery.
 */
export function unlistedEnd(record: DestinationRecord, limits: WindowLimits, now: number): number {
  const { failedAt = now } = currentWindow(record, limits, now);
  return failedAt + failureTime(limits);
}

/** How long a delivery to a dead host takes to fail, usually. Milliseconds. */
function failureTime({ lmtp_connect_timeout: timeout }: WindowLimits): number {
  return timeout > 0 ? Math.min(timeout, longestDoubt) : longestDoubt;
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
  const { suspension, trials, ...rest } = withoutProbe(record, probe);
  const window = currentWindow(record, limits, now);
  // Back from the dead: nobody knows how much it can take.
  if (suspension !== undefined) return { ...rest, window: { ...freshWindow(limits, now), succeededAt: now } };
  const { lmtp_initial_destination_concurrency: initial, lmtp_destination_concurrency_limit: limit } = limits;
  // What failures took of the first window comes back in any case.
  const grows = (isWanted || window.size < initial) && window.size < limit;
  const isOld = record.window !== undefined && now - record.window.at > windowMemory / 2;
  // Whoever is under way hears that nothing is in doubt.
  const isProbe = rest.probe !== record.probe || record.trials !== undefined;
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
  report: Report,
  { status, text, isAlive = false }: Failure,
): DestinationRecord | undefined {
  const { now, probe } = report;
  const { suspension, trials, ...rest } = withoutProbe(record, probe);
  const until = now + limits.minimal_backoff_time;
  if (suspension !== undefined) {
    // One that was under way when the destination was suspended says nothing new.
    if (probe === undefined || record.probe?.token !== probe.token) return undefined;
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
  if (isAlive) return { ...rest, window: { ...shrinking, succeededAt: now } };
  return { ...rest, ...(trials === undefined ? {} : { trials }), window: { ...shrinking, ...timeOf(record, report) } };
}

/** The record after a delivery that says nothing about its destination: whoever was the probe is it no more. */
export function afterNothing(record: DestinationRecord, { probe }: Report): DestinationRecord | undefined {
  const rest = withoutProbe(record, probe);
  return rest === record ? undefined : rest;
}

/** How long a trial took. */
function timeOf({ trials = [] }: DestinationRecord, { now, probe }: Report): Pick<ConcurrencyWindow, 'failedAfter'> {
  const mine = trials.find(({ token }) => token === probe?.token);
  return mine === undefined ? {} : { failedAfter: now - mine.since };
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

/** The record without the probe, or the trial, that a delivery was; the same where it was none. */
function withoutProbe(record: DestinationRecord, probe: Probe | undefined): DestinationRecord {
  if (probe === undefined) return record;
  const { token } = probe;
  if (record.probe?.token === token) {
    const { probe: _, ...rest } = record;
    return rest;
  }
  const { trials = [], ...rest } = record;
  const others = trials.filter((trial) => trial.token !== token);
  if (others.length === trials.length) return record;
  return others.length === 0 ? rest : { ...rest, trials: others };
}
