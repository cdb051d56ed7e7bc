/** How often something happened, minute by minute. */
export class PerMinute {
  readonly #counts = new Map<number, number>();
  #total = 0;

  /** Counts one occurrence at a moment, milliseconds since 1970. */
  count(at: number, times = 1): void {
    const minute = Math.floor(at / 60_000);
    this.#counts.set(minute, (this.#counts.get(minute) ?? 0) + times);
    this.#total += times;
  }

  get total(): number {
    return this.#total;
  }

  /** Returns how often it happened in a span of time. */
  between(from: number, until: number): number {
    return this.#in(from, until).reduce((sum, [, count]) => sum + count, 0);
  }

  /** Returns the most that happened within one minute of a span of time. */
  peak(from = 0, until = Number.POSITIVE_INFINITY): number {
    return this.#in(from, until).reduce((most, [, count]) => Math.max(most, count), 0);
  }

  /** Returns the counts of so many minutes from a moment on. */
  series(from: number, minutes: number): readonly number[] {
    const first = Math.floor(from / 60_000);
    return Array.from({ length: minutes }, (_, n) => this.#counts.get(first + n) ?? 0);
  }

  #in(from: number, until: number): readonly (readonly [number, number])[] {
    const [first, last] = [Math.floor(from / 60_000), Math.ceil(until / 60_000)];
    return [...this.#counts].filter(([minute]) => minute >= first && minute < last);
  }
}
