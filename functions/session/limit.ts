/**
 * How long to wait, and what the end of a wait means.
 *
 * Each wait lasts for the stage's own time-out, or for what is left of the invocation where that is less. Postfix's time-outs
 * are mostly longer than a function may run, so the end of the invocation often comes first. It blames the server like a
 * time-out if the server was silent for long enough to be found out ({@link silenceThatCounts}). After a shorter silence the
 * time was ours, and the server is not blamed.
 */

import type { Stage } from '../lmtp/dialogue.ts';

/** What a time-out is set for; `next dot` is each final reply after the first. */
export type TimedStage = Stage | 'connect' | 'next dot';

/** Time-outs by stage, in milliseconds; 0 = none but the deadline (lmtp_*_timeout). */
export type Timeouts = Readonly<Record<TimedStage, number>>;

/** One wait's limit. */
export interface Limit {
  readonly milliseconds: number;
  /** Whether its end is our own deadline, for which no server is blamed; false: it is the server's time-out. */
  readonly isDeadline: boolean;
}

/** Something that runs out. */
export interface Deadline {
  /** Milliseconds left; negative once it has passed; `Infinity` where there is none. */
  left(): number;
  /** Milliseconds that there were at the beginning: the time-out of the function; `Infinity` where there is none. */
  readonly whole: number;
  /** Milliseconds that remain when nothing is left, kept for writing down what is known. Default: the queue's shortest. */
  readonly reserve?: number;
}

/** No deadline. */
export const noDeadline: Deadline = { left: () => Number.POSITIVE_INFINITY, whole: Number.POSITIVE_INFINITY };

/**
 * Returns a deadline so many milliseconds from now.
 *
 * @param now milliseconds on a clock that is never set back
 */
export function deadlineAfter(milliseconds: number, now: () => number = () => performance.now()): Deadline {
  const end = now() + milliseconds;
  return { left: () => end - now(), whole: milliseconds };
}

/**
 * Returns the deadline of an invocation that begins now.
 *
 * @param remaining milliseconds until the platform ends the invocation
 * @param reserve milliseconds of them that no wait for a server may use
 */
export function invocationDeadline(remaining: () => number, reserve: number): Deadline {
  const time = remaining();
  // A reserve of more than a third of the time (a function of some seconds) would leave too little to find a server out.
  const whole = Math.max(0, Math.min(time, 1.5 * (time - reserve)));
  return { left: () => remaining() - reserve, whole, reserve };
}

const finalStages: ReadonlySet<TimedStage> = new Set(['dot', 'next dot']);

/**
 * Returns the milliseconds of silence that count against a server although its time-out is longer: a minute, or a third of
 * the invocation's time where that is less. After the final dot, where a server may have much to do and giving up leaves
 * recipients in doubt, it is two minutes or half.
 */
export function silenceThatCounts(stage: TimedStage, whole: number): number {
  return finalStages.has(stage) ? Math.min(120_000, whole / 2) : Math.min(60_000, whole / 3);
}

/** Stages at which no mail is under way yet, so that another host can be tried at no risk. */
const openingStages: ReadonlySet<TimedStage> = new Set(['connect', 'greeting', 'LHLO', 'STARTTLS', 'AUTH']);

/** Opening stages at which only a server that hangs is silent for long: a working one has nothing to look up there. */
const quickStages: ReadonlySet<TimedStage> = new Set(['connect', 'STARTTLS']);

/** Stages that no recipient waits for. */
const idleStages: ReadonlySet<TimedStage> = new Set(['RSET', 'QUIT']);

/** What else the waits of a request depend on. */
export interface Circumstances {
  /** Another host can be tried if this one is silent. Default: there is none. */
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
   * Returns the limit of a wait that begins now, with the moment from which the reply is owed.
   *
   * A wait that would last until the deadline is cut short to the silence that counts for connecting and TLS, where waiting
   * on gains nothing. So is, before MAIL, one that would leave too little time for the other host that can be tried.
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
   * Whether so much time is left that a server can be found out which falls silent at any stage. An attempt that is begun
   * with less would end by our own deadline, blame no server, and do the same again.
   */
  get hasTimeToBegin(): boolean {
    return this.#hasTimeFor((stage) => !idleStages.has(stage));
  }

  /**
   * Whether so much time is left that a server can be found out which falls silent before the final dot: for another host of
   * an attempt that was begun in time, this much is enough.
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

/** A limit that several waits share (lmtp_per_request_deadline); work that is done earns time back. */
export class TimeBudget {
  readonly #whole: Limit;
  readonly #now: () => number;
  readonly #latest: number;
  #end: number;
  #isDeadline: boolean;

  /**
   * @param now milliseconds on a clock that is never set back
   * @param latest milliseconds from now beyond which no work can earn time. Default: there is no such bound
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

  /** The limit of a wait that begins now. */
  remaining(): Limit {
    return { milliseconds: this.#end - this.#now(), isDeadline: this.#isDeadline };
  }

  /** Gives milliseconds back; never more than there were at first, and never beyond the deadline. */
  earn(milliseconds: number): void {
    this.#end = Math.min(this.#end + milliseconds, this.#now() + this.#whole.milliseconds);
    if (this.#end <= this.#latest) return;
    // The server went on taking: only our own time can end this now.
    this.#end = this.#latest;
    this.#isDeadline = true;
  }
}

/** The longest wait that a Node timer can be set to, in milliseconds. */
const longestTimer = 2 ** 31 - 1;

/** The outcome of a wait, or what cut it short. */
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
