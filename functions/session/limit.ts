/**
 * The limits of waits, and the meaning of their end.
 *
 * Each wait lasts for the time-out of its stage, or for the rest of the invocation if that is shorter. Most of Postfix's time-outs are
 * longer than a function may run, so the end of the invocation often comes first. It blames the server like a time-out if the server
 * was silent for long enough ({@link silenceThatCounts}). After a shorter silence it does not.
 */

import type { Stage } from '../lmtp/dialogue.ts';

/** A stage with a time-out; `next dot` is each final reply after the first. */
export type TimedStage = Stage | 'connect' | 'next dot';

/** Time-outs by stage, in milliseconds; 0 = only the deadline (lmtp_*_timeout). */
export type Timeouts = Readonly<Record<TimedStage, number>>;

/** The limit of a wait. */
export interface Limit {
  readonly milliseconds: number;
  /** Whether the deadline ends the wait, for which no server is blamed; false: the server's time-out. */
  readonly isDeadline: boolean;
}

/** The end of the available time. */
export interface Deadline {
  /** Milliseconds left; negative after the deadline; `Infinity` without one. */
  left(): number;
  /** Milliseconds at the beginning: the time-out of the function; `Infinity` without one. */
  readonly whole: number;
  /** Milliseconds after the deadline, for writing the results. Default: the shortest of the queue. */
  readonly reserve?: number;
}

/** No deadline. */
export const noDeadline: Deadline = { left: () => Number.POSITIVE_INFINITY, whole: Number.POSITIVE_INFINITY };

/**
 * Returns a deadline in a number of milliseconds from now.
 *
 * @param now milliseconds on a monotonic clock
 */
export function deadlineAfter(milliseconds: number, now: () => number = () => performance.now()): Deadline {
  const end = now() + milliseconds;
  return { left: () => end - now(), whole: milliseconds };
}

/**
 * Returns the deadline of an invocation that begins now.
 *
 * @param remaining milliseconds until Lambda ends the invocation
 * @param reserve milliseconds of these that no wait for a server may use
 */
export function invocationDeadline(remaining: () => number, reserve: number): Deadline {
  const time = remaining();
  // A reserve of more than a third of the time (in a function of a few seconds) would leave too little to blame a silent server.
  const whole = Math.max(0, Math.min(time, 1.5 * (time - reserve)));
  return { left: () => remaining() - reserve, whole, reserve };
}

const finalStages: ReadonlySet<TimedStage> = new Set(['dot', 'next dot']);

/**
 * Returns the milliseconds of silence that blame a server although its time-out is longer: a minute, or a third of the invocation's
 * time if that is shorter. After the final dot it is two minutes or half, because the server may be busy, and an end leaves recipients
 * in doubt.
 */
export function silenceThatCounts(stage: TimedStage, whole: number): number {
  return finalStages.has(stage) ? Math.min(120_000, whole / 2) : Math.min(60_000, whole / 3);
}

/** Stages before mail is sent, after which another host can be tried without risk. */
const openingStages: ReadonlySet<TimedStage> = new Set(['connect', 'greeting', 'LHLO', 'STARTTLS', 'AUTH']);

/** Opening stages at which a working server answers at once, because it has nothing to look up. */
const quickStages: ReadonlySet<TimedStage> = new Set(['connect', 'STARTTLS']);

/** Stages without a pending recipient. */
const idleStages: ReadonlySet<TimedStage> = new Set(['RSET', 'QUIT']);

/** Circumstances of the waits of a request. */
export interface Circumstances {
  /** Another host can be tried if this one is silent. Default: false. */
  readonly hasOtherHosts?: boolean;
}

/** The limits of one request. */
export class TimeLimits {
  readonly #timeouts: Timeouts;
  readonly #deadline: Deadline;
  readonly #hasOtherHosts: boolean;

  constructor(timeouts: Timeouts, deadline: Deadline, { hasOtherHosts = false }: Circumstances = {}) {
    this.#timeouts = timeouts;
    this.#deadline = deadline;
    this.#hasOtherHosts = hasOtherHosts;
  }

  /**
   * Returns the limit of a wait that begins now.
   *
   * At connecting and TLS, a wait that would last until the deadline ends after the silence that counts, because more gains nothing.
   * So does, before MAIL, a wait that would leave too little time for another host.
   */
  limit(stage: TimedStage): Limit {
    const own = this.#ownTimeout(stage);
    const left = this.#deadline.left();
    const silence = silenceThatCounts(stage, this.#deadline.whole);
    const yields = this.#hasOtherHosts && openingStages.has(stage);
    if (own <= left) {
      const isCut = yields && own > left - silence;
      return { milliseconds: isCut ? Math.min(own, silence) : own, isDeadline: false };
    }
    if (left <= 0 || left < silence) return { milliseconds: left, isDeadline: true };
    return { milliseconds: yields || quickStages.has(stage) ? silence : left, isDeadline: false };
  }

  /** Returns a limit that all waits of a stage share, from now on (lmtp_per_request_deadline). */
  budget(stage: TimedStage): TimeBudget {
    return new TimeBudget(this.limit(stage), { latest: this.#deadline.left() });
  }

  /** Returns the milliseconds after which silence at a stage counts against the server. */
  patience(stage: TimedStage): number {
    return Math.min(this.#ownTimeout(stage), silenceThatCounts(stage, this.#deadline.whole));
  }

  /**
   * Whether the time suffices to blame a server that is silent at any stage. An attempt with less time would end at the deadline, blame
   * no server, and repeat that.
   */
  get hasTimeToBegin(): boolean {
    return this.#hasTimeFor((stage) => !idleStages.has(stage));
  }

  /**
   * Whether the time suffices to blame a server that is silent before the final dot, which is enough for another host of an attempt
   * that began in time.
   */
  get hasTimeForNextHost(): boolean {
    return this.#hasTimeFor((stage) => !idleStages.has(stage) && !finalStages.has(stage));
  }

  #hasTimeFor(counts: (stage: TimedStage) => boolean): boolean {
    const left = this.#deadline.left();
    return timedStages.every((stage) => !counts(stage) || left >= this.patience(stage));
  }

  #ownTimeout(stage: TimedStage): number {
    return this.#timeouts[stage] > 0 ? this.#timeouts[stage] : Number.POSITIVE_INFINITY;
  }
}

const timedStages: readonly TimedStage[] = [
  'connect',
  'greeting',
  'LHLO',
  'STARTTLS',
  'AUTH',
  'MAIL',
  'RCPT',
  'DATA',
  'content',
  'dot',
  'next dot',
  'RSET',
  'QUIT',
];

/** A limit shared by several waits (lmtp_per_request_deadline); progress extends it. */
export class TimeBudget {
  readonly #whole: Limit;
  readonly #now: () => number;
  readonly #latest: number;
  #end: number;
  #isDeadline: boolean;

  /**
   * @param now milliseconds on a monotonic clock
   * @param latest milliseconds from now that progress cannot exceed. Default: no bound
   */
  constructor(
    whole: Limit,
    {
      now = () => performance.now(),
      latest = Number.POSITIVE_INFINITY,
    }: { readonly now?: () => number; readonly latest?: number } = {},
  ) {
    this.#whole = whole;
    this.#now = now;
    this.#latest = now() + latest;
    this.#end = now() + whole.milliseconds;
    this.#isDeadline = whole.isDeadline;
  }

  /** Returns the limit of a wait that begins now. */
  remaining(): Limit {
    return { milliseconds: this.#end - this.#now(), isDeadline: this.#isDeadline };
  }

  /** Extends the limit, at most to its first length, and not beyond the deadline. */
  earn(milliseconds: number): void {
    this.#end = Math.min(this.#end + milliseconds, this.#now() + this.#whole.milliseconds);
    if (this.#end <= this.#latest) return;
    // The server accepts data, so only the deadline can end this now.
    this.#end = this.#latest;
    this.#isDeadline = true;
  }
}

/** The longest Node timer, in milliseconds. */
const longestTimer = 2 ** 31 - 1;

/** Returns the result of a wait, or what ended it. */
export async function withLimit<T>(wait: Promise<T>, limit: Limit): Promise<T | 'timeout' | 'deadline'> {
  if (!Number.isFinite(limit.milliseconds)) return await wait;
  const { promise, resolve } = Promise.withResolvers<'timeout' | 'deadline'>();
  const milliseconds = Math.min(Math.max(0, limit.milliseconds), longestTimer);
  const timer = setTimeout(() => resolve(limit.isDeadline ? 'deadline' : 'timeout'), milliseconds);
  try {
    return await Promise.race([wait, promise]);
  } finally {
    clearTimeout(timer);
  }
}
