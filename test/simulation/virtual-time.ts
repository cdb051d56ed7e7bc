/**
 * Time that advances only when no work remains: five days take as long as the processing of their events.
 *
 * Every wait must use this class, or end at once: a real timer or a real socket would be too late.
 */
import type { Clock, Moment } from '../../functions/time/clock.ts';

interface Appointment {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Appointments at the same moment run in the order of their making. */
  readonly n: number;
  readonly act: () => void;
}

/** A clock with appointments. */
export class VirtualTime implements Clock {
  readonly start: number;
  #wall: number;
  /** A binary heap, the next one on top. */
  readonly #agenda: Appointment[] = [];
  #arranged = 0;
  #happened = 0;

  /** @param start milliseconds since 1970 */
  constructor(start = Date.UTC(2026, 10, 22, 8)) {
    this.start = start;
    this.#wall = start;
  }

  /** Milliseconds since 1970. */
  get wall(): number {
    return this.#wall;
  }

  /** How many appointments have run. */
  get happened(): number {
    return this.#happened;
  }

  now(): Moment {
    return { wall: this.#wall, monotonic: this.#wall - this.start };
  }

  /** Runs an action at a moment, milliseconds since 1970; at once if that has passed. */
  at(when: number, act: () => void): void {
    this.#arranged += 1;
    this.#push({ at: Math.max(when, this.#wall), n: this.#arranged, act });
  }

  /** Settles after so many milliseconds. */
  async sleep(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => this.at(this.#wall + milliseconds, resolve));
  }

  /**
   * Advances the time to a moment, or until no appointment is left.
   *
   * @param until milliseconds since 1970
   * @param isEnough called after each moment: whether to stop there
   */
  async run(until = Number.POSITIVE_INFINITY, isEnough: () => boolean = () => false): Promise<void> {
    for (;;) {
      await allWait();
      if (isEnough()) return;
      const [next] = this.#agenda;
      if (next === undefined || next.at > until) break;
      this.#wall = next.at;
      while (this.#agenda[0] !== undefined && this.#agenda[0].at <= this.#wall) {
        this.#happened += 1;
        this.#pop()?.act();
      }
    }
    if (Number.isFinite(until)) this.#wall = Math.max(this.#wall, until);
  }

  #push(appointment: Appointment): void {
    const heap = this.#agenda;
    let place = heap.length;
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = heap[parentPlace];
      if (parent === undefined || !isBefore(appointment, parent)) break;
      heap[place] = parent;
      place = parentPlace;
    }
    heap[place] = appointment;
  }

  #pop(): Appointment | undefined {
    const heap = this.#agenda;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      const [left, right] = [heap[2 * place + 1], heap[2 * place + 2]];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      heap[place] = child;
      place = 2 * place + (isRight ? 2 : 1);
    }
    heap[place] = last;
    return first;
  }
}

function isBefore(one: Appointment, other: Appointment): boolean {
  return one.at < other.at || (one.at === other.at && one.n < other.n);
}

/** Lets all code run until everything waits for an appointment. */
function allWait(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
