/** The connections that a server saw, in their order. */

/** One of them. */
interface Connection {
  /** When it was tried, milliseconds since 1970. */
  readonly at: number;
  /** How many there were then, with it. */
  readonly atOnce: number;
}

export class Connections {
  readonly #all: Connection[] = [];

  note(at: number, atOnce: number): void {
    this.#all.push({ at, atOnce });
  }

  /** How many there were in a span of time, milliseconds since 1970. */
  count(from = 0, until = Number.POSITIVE_INFINITY): number {
    return this.#between(from, until).length;
  }

  /** When the first one was tried from a moment on; Infinity: there was none. */
  firstAfter(from: number): number {
    return this.#all.find(({ at }) => at >= from)?.at ?? Number.POSITIVE_INFINITY;
  }

  /** The most at once among those that were tried in a span of time. */
  mostAtOnce(from = 0, until = Number.POSITIVE_INFINITY): number {
    return this.#between(from, until).reduce((most, { atOnce }) => Math.max(most, atOnce), 0);
  }

  /** The most that were tried within a minute, of those that follow each other from a moment on. */
  peakPerMinute(from = 0, until = Number.POSITIVE_INFINITY): number {
    return Math.max(0, ...this.perMinute(from, until));
  }

  /** How many were tried in each minute from a moment on, until the last one. */
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
