/**
 * How long to wait: the stage's own time-out, or what is left of the invocation, whichever is shorter.
 *
 * Postfix's time-outs add up to more than a function may run, so every single wait is cut to the time left (less what
 * recording the outcome takes). Which of the two ended a wait matters: a time-out is the server's doing and counts
 * against the destination, the end of our own time is not and does not.
 */

import type { Stage } from '../lmtp/dialogue.ts';

/** What a time-out is set for; `next dot` is each final reply after the first. */
export type TimedStage = Stage | 'connect' | 'next dot';

/** Time-outs by stage, in milliseconds; 0 = none but the deadline (lmtp_*_timeout). */
export type Timeouts = Readonly<Record<TimedStage, number>>;

/** One wait's limit. */
export interface Limit {
  readonly milliseconds: number;
  /** Whether the deadline, not the stage, sets it. */
  readonly isDeadline: boolean;
}

/** Something that runs out. */
export interface Deadline {
  /** Milliseconds left; negative once it has passed; `Infinity` where there is none. */
  left(): number;
  /** Milliseconds that remain when nothing is left, kept for writing down what is known. Default: the queue's shortest. */
  readonly reserve?: number;
}

/** No deadline: the command line has none. */
export const noDeadline: Deadline = { left: () => Number.POSITIVE_INFINITY };

/** The limits of one request. */
export class TimeLimits {
  readonly #timeouts: Timeouts;
  readonly #deadline: Deadline;
  /** Told when the deadline cuts a stage's time-out short. */
  readonly #onClamp: (stage: TimedStage) => void;

  constructor(timeouts: Timeouts, deadline: Deadline, onClamp: (stage: TimedStage) => void = () => {}) {
    this.#timeouts = timeouts;
    this.#deadline = deadline;
    this.#onClamp = onClamp;
  }

  /** The limit of a wait that begins now. */
  limit(stage: TimedStage): Limit {
    const own = this.#timeouts[stage] > 0 ? this.#timeouts[stage] : Number.POSITIVE_INFINITY;
    const left = this.#deadline.left();
    if (own <= left) return { milliseconds: own, isDeadline: false };
    this.#onClamp(stage);
    return { milliseconds: left, isDeadline: Number.isFinite(left) };
  }
}

/** A limit that several waits share (lmtp_per_request_deadline); work that is done earns time back. */
export class TimeBudget {
  readonly #whole: Limit;
  readonly #now: () => number;
  #end: number;

  /** @param now milliseconds on a clock that is never set back */
  constructor(whole: Limit, now: () => number = () => performance.now()) {
    this.#whole = whole;
    this.#now = now;
    this.#end = now() + whole.milliseconds;
  }

  /** The limit of a wait that begins now. */
  remaining(): Limit {
    return { ...this.#whole, milliseconds: this.#end - this.#now() };
  }

  /** Gives milliseconds back; never more than there were at first. */
  earn(milliseconds: number): void {
    this.#end = Math.min(this.#end + milliseconds, this.#now() + this.#whole.milliseconds);
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
