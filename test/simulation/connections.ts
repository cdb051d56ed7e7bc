/** The connections that a server saw, in order. */

/** One connection. */
interface Connection {
  /** When it was tried, milliseconds since 1970. */
  readonly at: number;
  /** How many there were then, including it. */
  readonly atOnce: number;
}

export class Connections {
  readonly #all: Connection[] = [];

  note(at: number, atOnce: number): void {
    this.#all.push({ at, atOnce });
  }

  /** Returns how many there were in a span of time, milliseconds since 1970. */
  count(from = 0, until = Number.POSITIVE_INFINITY): number {
    return this.#between(from, until).length;
  }

  /** Returns when the first one was tried after a moment; Infinity: none was. */
  firstAfter(from: number): number {
    return this.#all.find(({ at }) => at >= from)?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Returns the most at once among those that were tried in a span of time. */
  mostAtOnce(from = 0, until = Number.POSITIVE_INFINITY): number {
    return this.#between(from, until).reduce((most, { atOnce }) => Math.max(most, atOnce), 0);
  }

  /** Returns the most that were tried within a minute, after a moment. */
  peakPerMinute(from = 0, until = Number.POSITIVE_INFINITY): number {
    return Math.max(0, ...this.perMinute(from, until));
  }

  /** Returns how many were tried in each minute after a moment, until the last one. */
  perMinute(from: number, until = Number.POSITIVE_INFINITY): readonly number[] {
    const counts: number[] = [];
    const between = this.#between(from, until);
    const first = from === 0 ? (between[0]?.at ?? 0) : from;
    for (const { at } of between) {
      const minute = Math.floor((at - first) / 60_000);
      while (counts.length <= minute) counts.push(0);
      counts[minute] = (counts[minute] ?? 0) + 1;
    }
    return counts;
  }

  #between(from: number, until: number): readonly Connection[] {
    return this.#all.filter(({ at }) => at >= from && at < until);
  }
}
