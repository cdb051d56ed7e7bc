/**
 * Writes that must reach the table: those of verdicts that are in memory and nowhere else. One object for each container, since
 * what the table refuses to one delivery it refuses to its neighbours.
 */

import { setTimeout } from 'node:timers/promises';
import { writeBackoff } from '../../time/write-backoff.ts';
import { TableTrouble, type TroubleKind, type TroubleOf } from './table-trouble.ts';

/** Lets so many milliseconds pass, or fewer where the signal is aborted meanwhile. */
export type Sleep = (milliseconds: number, signal?: AbortSignal) => Promise<void>;

/** How long a write is repeated. */
export interface Persistence {
  /** Milliseconds in which it may still be tried; 0 or less: no more. */
  readonly left: () => number;
  /** Aborted: another write says the same and more, so this one is repeated no more. */
  readonly superseded?: AbortSignal;
  /** Told once, when it is refused for the first time and will be repeated. */
  readonly onRefused?: (error: unknown) => void;
}

/** What writes are made with; each part has a usual one. */
export interface WritesOptions {
  /** What the errors of the table's adapter mean. Default: only a TableTrouble is known. */
  readonly troubleOf?: TroubleOf;
  readonly sleep?: Sleep;
  /** A number from 0 up to, not including, 1. */
  readonly random?: () => number;
}

/** The writes of a container. */
export class TableWrites {
  readonly #troubleOf: TroubleOf;
  readonly #sleep: Sleep;
  readonly #random: () => number;
  readonly #repeating = new Set<Promise<void>>();
  #isRefused = false;

  constructor({ troubleOf = () => undefined, sleep = realSleep, random = Math.random }: WritesOptions = {}) {
    this.#troubleOf = troubleOf;
    this.#sleep = sleep;
    this.#random = random;
  }

  /** What an error means that came from the table; undefined where trying again would not help. */
  troubleOf(error: unknown): TroubleKind | undefined {
    return error instanceof TableTrouble ? error.kind : this.#troubleOf(error);
  }

  /** Whether a write is being repeated now, or the last one was refused: no content may be begun. */
  get areRefused(): boolean {
    return this.#isRefused || this.#repeating.size > 0;
  }

  /** Makes a write once, and notes whether the table took it. */
  async once<T>(write: () => Promise<T>): Promise<T> {
    try {
      const result = await write();
      this.#isRefused = false;
      return result;
    } catch (error) {
      if (this.troubleOf(error) !== undefined) this.#isRefused = true;
      throw error;
    }
  }

  /**
   * Makes a write, again and again while the table refuses it. The last try is made when its time ends, so that an outage of
   * any shorter length is outlasted.
   *
   * @throws what the last try threw, when the time is over or the write is superseded; at once what trying again would not help
   */
  async repeat<T>(write: () => Promise<T>, { left, superseded, onRefused }: Persistence): Promise<T> {
    const over = Promise.withResolvers<void>();
    const isSuperseded = () => superseded?.aborted === true;
    try {
      for (let tries = 1; ; tries += 1) {
        try {
          return await this.once(write);
        } catch (error) {
          const remaining = left();
          if (this.troubleOf(error) === undefined || remaining <= 0 || isSuperseded()) throw error;
          if (tries === 1) onRefused?.(error);
          this.#repeating.add(over.promise);
          await this.#sleep(Math.min(writeBackoff(tries, this.#random()), remaining), superseded);
          if (isSuperseded()) throw error;
        }
      }
    } finally {
      this.#repeating.delete(over.promise);
      over.resolve();
    }
  }

  /**
   * Waits until no write is repeated any more, and at most so many milliseconds.
   *
   * @returns whether that is so
   */
  async settled(milliseconds: number): Promise<boolean> {
    if (this.#repeating.size === 0) return true;
    const waiting = new AbortController();
    const all = Promise.all(this.#repeating);
    await Promise.race([all, this.#sleep(milliseconds, waiting.signal)]);
    waiting.abort();
    return this.#repeating.size === 0;
  }
}

const realSleep: Sleep = async (milliseconds, signal) => {
  try {
    await setTimeout(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
};
