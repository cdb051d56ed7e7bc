/**
 * The concurrency window of a destination, and when it is considered dead (qmgr_queue.c). Pure.
 *
 * The window begins at lmtp_initial_destination_concurrency. Each success makes it larger by one, up to
 * lmtp_destination_concurrency_limit; each failure that throttles (trouble.ts) makes it smaller. After
 * lmtp_destination_concurrency_failed_cohort_limit windows of failures without a success, the destination is suspended
 * for minimal_backoff_time. Then one delivery at a time may probe it.
 *
 * One rule is stricter than in Postfix, where one process sees everything. While no delivery has succeeded in the
 * current window, the record lists the deliveries under way (trials). After the first failure, there are never more
 * trials than failures missing for a suspension. So no more deliveries meet a dead host than the first window holds. A
 * success ends the doubt.
 */

import type { Parameters } from '../../parameters/parameters.ts';
import type { EnhancedStatus } from '../../smtp/enhanced-status.ts';
import type { ConcurrencyWindow, DestinationRecord, Probe, Trial } from '../items/destination-record.ts';

/** Why a delivery counts against its destination. */
export interface Failure {
  readonly status: EnhancedStatus;
  readonly text: string;
  /** The server accepted some recipient: it is in trouble, not dead. */
  readonly isAlive?: boolean;
}

/** The parameters of the window. */
export type WindowLimits = Pick<
  Parameters,
  | 'lmtp_initial_destination_concurrency'
  | 'lmtp_destination_concurrency_limit'
  | 'lmtp_destination_concurrency_failed_cohort_limit'
  | 'minimal_backoff_time'
  | 'lmtp_connect_timeout'
>;

/** Milliseconds after which an unused window is forgotten, as Postfix forgets an idle destination. */
export const windowMemory = 5 * 60_000;

/** The longest time, in milliseconds, in which a delivery to a dead host is expected to fail. */
const longestDoubt = 60_000;

/** Milliseconds from the end of a delivery until other containers know its result; generous. */
const reportTime = 2000;

/**
 * Milliseconds after which a trial is ignored, because its worker may be dead. Longer than any time-out for a silent
 * server.
 */
const longestTrial = 120_000;

/** The shortest time, in milliseconds, for which a delivery waits for the results of others. */
const shortestPatience = 5000;

/**
 * How much one result changes the window (default_destination_concurrency_positive_feedback, ..._negative_feedback).
 */
const feedback = 1;

/** Returns how many deliveries the destination may get at once now. */
export function openSlots(record: DestinationRecord, limits: WindowLimits, now: number): number {
  return currentWindow(record, limits, now).size;
}

/** Whether no delivery has succeeded recently, so that the record must be read before each delivery. */
export function isUnproven(record: DestinationRecord, limits: WindowLimits, now: number): boolean {
  return record.suspension !== undefined || currentWindow(record, limits, now).succeededAt === undefined;
}

/** Whether deliveries have failed and none has succeeded in the current window, so that the destination may be dead. */
export function isDoubted(record: DestinationRecord, limits: WindowLimits, now: number): boolean {
  const { succeededAt, failures } = currentWindow(record, limits, now);
  // Without suspensions there is no doubt.
  if (limits.lmtp_destination_concurrency_failed_cohort_limit === 0) return false;
  return record.suspension === undefined && succeededAt === undefined && failures > 0;
}

/** Returns how many deliveries may be under way in doubt: as many as must fail for a suspension. */
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

/** Returns the trials under way whose workers are not considered dead. */
export function trialsUnderWay({ trials = [] }: DestinationRecord, now: number): readonly Trial[] {
  return trials.filter(({ until }) => now < until);
}

/**
 * Returns a trial that begins now. `leaseEnds`: when its worker is considered dead at the latest, milliseconds since
 * 1970.
 */
export function newTrial(now: number, leaseEnds: number): Trial {
  return { token: crypto.randomUUID(), since: now, until: Math.min(leaseEnds, now + longestTrial) };
}

/** Returns the record with a further trial. */
export function withTrial(record: DestinationRecord, trial: Trial): DestinationRecord {
  return { ...record, trials: [...trialsUnderWay(record, trial.since), trial] };
}

/**
 * Returns when the trials under way should have ended, milliseconds since 1970. Then the destination is suspended, or
 * others may try.
 */
export function trialsEnd(record: DestinationRecord, limits: WindowLimits, now: number): number {
  const { failedAfter = failureTime(limits) } = currentWindow(record, limits, now);
  const trials = trialsUnderWay(record, now);
  const expected = Math.max(...trials.map(({ since }) => since + failedAfter + reportTime), 0);
  // The trials take longer than the last failure did: wait until they are ignored, at the latest.
  const end = expected > now ? expected : Math.min(...trials.map(({ until }) => until), now + longestDoubt);
  return Math.max(end, now + shortestPatience);
}

/**
 * Returns when deliveries that are not listed as trials have had time to fail, milliseconds since 1970. Deliveries to
 * mailboxes are not listed: that would cost a write for nearly each of them.
 */
export function unlistedEnd(record: DestinationRecord, limits: WindowLimits, now: number): number {
  const { failedAt = now } = currentWindow(record, limits, now);
  return failedAt + failureTime(limits);
}

/** Milliseconds that a delivery to a dead host usually takes to fail. */
function failureTime({ lmtp_connect_timeout: timeout }: WindowLimits): number {
  return timeout > 0 ? Math.min(timeout, longestDoubt) : longestDoubt;
}

/** What a delivery says about its destination, besides its result. */
export interface Report {
  readonly now: number;
  /** Present if the delivery was a probe. */
  readonly probe?: Probe;
}

/**
 * Returns the record after a success; undefined if nothing is to be written.
 *
 * @param isWanted whether more deliveries are ready than the window allows
 */
export function afterSuccess(
  record: DestinationRecord,
  limits: WindowLimits,
  { now, probe }: Report,
  isWanted: boolean,
): DestinationRecord | undefined {
  const { suspension, trials, ...rest } = withoutProbe(record, probe);
  const window = currentWindow(record, limits, now);
  // The destination was dead, and its capacity is unknown.
  if (suspension !== undefined) return { ...rest, window: { ...freshWindow(limits, now), succeededAt: now } };
  const { lmtp_initial_destination_concurrency: initial, lmtp_destination_concurrency_limit: limit } = limits;
  // A window below its initial size grows even if no more deliveries wait.
  const grows = (isWanted || window.size < initial) && window.size < limit;
  const isOld = record.window !== undefined && now - record.window.at > windowMemory / 2;
  // Deliveries under way learn from the record that nothing is in doubt.
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

/** Returns the record after a failure of the destination; undefined if nothing is to be written. */
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
    // A delivery that began before the suspension says nothing new.
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

/**
 * Returns the record after a delivery that says nothing about its destination, which ends its probe; undefined: no
 * change.
 */
export function afterNoResult(record: DestinationRecord, { probe }: Report): DestinationRecord | undefined {
  const rest = withoutProbe(record, probe);
  return rest === record ? undefined : rest;
}

/** Returns how long a trial took. */
function timeOf({ trials = [] }: DestinationRecord, { now, probe }: Report): Pick<ConcurrencyWindow, 'failedAfter'> {
  const mine = trials.find(({ token }) => token === probe?.token);
  return mine === undefined ? {} : { failedAfter: now - mine.since };
}

/** Shrinks the window by the negative feedback, and rounds down: with the default parameters this equals Postfix. */
function shrunk(window: ConcurrencyWindow): ConcurrencyWindow {
  let { size } = window;
  let failure = window.failure - feedback;
  while (failure - feedback / 2 < 0) {
    size -= 1;
    failure += 1;
  }
  return { ...window, size: Math.max(1, size), failure };
}

/** Returns the window now: forgotten if unused for long, and never larger than the limit. */
function currentWindow(record: DestinationRecord, limits: WindowLimits, now: number): ConcurrencyWindow {
  const { window } = record;
  if (window === undefined || now - window.at > windowMemory) return freshWindow(limits, now);
  return { ...window, size: Math.min(window.size, limits.lmtp_destination_concurrency_limit) };
}

function freshWindow(limits: WindowLimits, now: number): ConcurrencyWindow {
  const { lmtp_initial_destination_concurrency: initial, lmtp_destination_concurrency_limit: limit } = limits;
  return { size: Math.min(initial, limit), failedCohorts: 0, failure: 0, failures: 0, at: now };
}

/** Returns the record without the probe or trial of a delivery; the same record if it was neither. */
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
