/**
 * Time as it comes in from outside, on two clocks.
 *
 * In a frozen container either clock may stand still, depending on whom one asks; age is therefore taken on both, and the
 * larger counts.
 */

/** A moment on both clocks, in milliseconds. */
export interface Moment {
  /** Since 1970. */
  readonly wall: number;
  /** Since some fixed moment of this process; never set back. */
  readonly monotonic: number;
}

/** Where time comes from. */
export interface Clock {
  now(): Moment;
}

/** The machine's clocks. */
export const systemClock: Clock = { now: () => ({ wall: Date.now(), monotonic: performance.now() }) };

/** Milliseconds from one moment to another, on the clock that counted more. */
export function elapsed(since: Moment, now: Moment): number {
  return Math.max(now.wall - since.wall, now.monotonic - since.monotonic);
}
