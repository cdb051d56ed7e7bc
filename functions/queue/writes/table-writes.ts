/**
 * Repeats writes that must reach the table, because their verdicts are only in memory. One object for each container:
 * what the table refuses to one delivery it refuses to the others.
 */

import { setTimeout } from 'node:timers/promises';
import { writeBackoff } from '../../time/write-backoff.ts';
import { TableTrouble, type TroubleKind, type TroubleOf } from './table-trouble.ts';

/** Waits that many milliseconds, or until the signal is aborted. */
export type Sleep = (milliseconds: number, signal?: AbortSignal) => Promise<void>;

/** How long a write is repeated. */
export interface Persistence {
  /** Milliseconds in which it may still be tried; 0 or less: stop. */
  readonly left: () => number;
  /** Aborted: another write contains everything, so this one stops. */
  readonly superseded?: AbortSignal;
  /** Called once, at the first refusal that will be repeated. */
  readonly onRefused?: (error: unknown) => void;
}

/** What writes depend on; each part has a default. */
export interface WritesOptions {
  /** What the adapter's errors mean. Default: only a TableTrouble is known. */
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

  /** Returns what an error of the table means; undefined if repeating would not help. */
  troubleOf(error: unknown): TroubleKind | undefined {
    return error instanceof TableTrouble ? error.kind : this.#troubleOf(error);
  }

  /** Whether a write is being repeated, or the last one was refused: no content may be sent. */
  get areRefused(): boolean {
    return this.#isRefused || this.#repeating.size > 0;
  }

  /** Tries a write once, and notes whether the table accepted it. */
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
   * Repeats a write while the table refuses it. The last try is at the end of its time, so that any shorter outage is
   * survived.
   *
   * @throws the error of the last try, when the time is over or the write is superseded; at once if repeating would not
   *   help
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
   * Waits until no write is being repeated, at most that many milliseconds.
   *
   * @returns whether no write is being repeated
   */
  async awaitRepeats(milliseconds: number): Promise<boolean> {
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
