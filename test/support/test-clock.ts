/**
 * A clock that a test moves by hand.
 */
import type { Clock, Moment } from '../../functions/time/clock.ts';

/** Stands still until it is told otherwise. */
export class TestClock implements Clock {
  #elapsed = 0;
  readonly #start: number;

  /** @param start milliseconds since 1970 */
  constructor(start = Date.UTC(2026, 10, 22, 8)) {
    this.#start = start;
  }

  /** Milliseconds since 1970. */
  get wall(): number {
    return this.#start + this.#elapsed;
  }

  now(): Moment {
    return { wall: this.wall, monotonic: this.#elapsed };
  }

  /** Lets so many milliseconds pass. */
  advance(milliseconds: number): void {
    this.#elapsed += milliseconds;
  }
}
