/**
 * Fallback to one recipient at a time. A destination whose final replies were more or fewer than its accepted
 * recipients gets its recipients one by one for short_reply_fallback_time.
 *
 * The record in the table holds the mark and its reason, for all containers and for operators. After that time, the
 * first correct transaction with several recipients clears the mark.
 */

import type { Log } from '../../log/log.ts';
import type { Parameters } from '../../parameters/parameters.ts';
import { type Clock, elapsed, type Moment } from '../../time/clock.ts';
import type { Destinations } from '../items/ports.ts';
import { changeDestination } from './change-destination.ts';

/** What the fallbacks need besides the table. */
interface FallbackContext {
  readonly clock: Clock;
  readonly parameters: Pick<Parameters, 'short_reply_fallback_time'>;
  readonly log: Log;
}

/** Milliseconds for which a container trusts what it read; a mark may be noticed that much later. */
const freshness = 60_000;

interface Known {
  readonly at: Moment;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** The fallbacks that a container knows. */
export class Fallbacks {
  readonly #store: Destinations;
  readonly #known = new Map<string, Known>();

  constructor(store: Destinations) {
    this.#store = store;
  }

  /** Whether a destination gets one recipient at a time now. */
  async isOneByOne(destination: string, { clock, log }: FallbackContext): Promise<boolean> {
    const now = clock.now();
    let known = this.#known.get(destination);
    if (known === undefined || elapsed(known.at, now) >= freshness) {
      known = { at: now, until: await this.#read(destination, log) };
      this.#known.set(destination, known);
    }
    return known.until > now.wall;
  }

  /** Begins a fallback, because a destination sent too many or too few replies. */
  async begin(destination: string, why: string, { clock, parameters, log }: FallbackContext): Promise<void> {
    const now = clock.now();
    const until = now.wall + parameters.short_reply_fallback_time;
    if (until <= now.wall) return;
    this.#known.set(destination, { at: now, until });
    log.note('warn', 'destination gets one recipient at a time', {
      destination,
      why,
      until: new Date(until).toISOString(),
    });
    try {
      await changeDestination(this.#store, destination, (record) => ({ ...record, caution: { until, why } }));
    } catch (error) {
      log.note('warn', 'caution not written; only this container knows', { destination, error });
    }
  }

  /** Clears an expired fallback, after several recipients each got their own reply. */
  async clear(destination: string, { clock, log }: FallbackContext): Promise<void> {
    const { until } = this.#known.get(destination) ?? { until: 0 };
    const now = clock.now();
    if (until === 0 || until > now.wall) return;
    this.#known.set(destination, { at: now, until: 0 });
    try {
      await changeDestination(this.#store, destination, ({ caution, ...record }) =>
        caution === undefined || caution.until > now.wall ? undefined : record,
      );
      log.note('info', 'destination gets several recipients at a time again', { destination });
    } catch (error) {
      log.note('warn', 'caution not cleared', { destination, error });
    }
  }

  /** Returns the end of the fallback, or 0 if the table cannot be read: no mail depends on it. */
  async #read(destination: string, log: Log): Promise<number> {
    try {
      return (await this.#store.read(destination)).caution?.until ?? 0;
    } catch (error) {
      log.note('warn', 'cautions not read', { destination, error });
      return 0;
    }
  }
}
