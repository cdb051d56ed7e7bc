/** A clock that a test moves. */
import type { Clock, Moment } from '../../functions/time/clock.ts';

/** It advances only when it is told to. */
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

  /** Advances by so many milliseconds. */
  advance(milliseconds: number): void {
    this.#elapsed += milliseconds;
  }
}
