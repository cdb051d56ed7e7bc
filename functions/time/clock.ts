/**
 * Time from two clocks.
 *
 * In a frozen container either clock may stop. So elapsed time is measured on both, and the larger value counts.
 */

/** A moment on both clocks, in milliseconds. */
export interface Moment {
  /** Since 1970. */
  readonly wall: number;
  /** Since a fixed moment of this process; never set back. */
  readonly monotonic: number;
}

/** Source of time. */
export interface Clock {
  now(): Moment;
}

/** The machine's clocks. */
export const systemClock: Clock = { now: () => ({ wall: Date.now(), monotonic: performance.now() }) };

/** Returns the milliseconds between two moments, on the faster clock. */
export function elapsed(since: Moment, now: Moment): number {
  return Math.max(now.wall - since.wall, now.monotonic - since.monotonic);
}
