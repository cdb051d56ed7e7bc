/** What has arrived so far, for those who look back, and for those who wait. */
export class Collection<T> {
  readonly #items: T[] = [];
  readonly #listeners = new Set<(item: T) => void>();
  #taken = 0;

  /** Everything, oldest first. */
  get items(): readonly T[] {
    return this.#items;
  }

  add(item: T): void {
    this.#items.push(item);
    for (const listener of this.#listeners) listener(item);
  }

  /** Hears of each item that comes from now on. */
  listen(listener: (item: T) => void): void {
    this.#listeners.add(listener);
  }

  /** What came since the last call. */
  take(): readonly T[] {
    const fresh = this.#items.slice(this.#taken);
    this.#taken = this.#items.length;
    return fresh;
  }

  /**
   * The first item that matches, from what is there already or comes in time.
   *
   * @param milliseconds how long to wait
   * @throws Error when none came
   */
  async waitFor(matches: (item: T) => boolean, milliseconds = 10_000): Promise<T> {
    await this.waitUntil((items) => items.some(matches), milliseconds);
    return this.#items.find(matches) as T;
  }

  /**
   * Resolves when what has come is enough.
   *
   * @param milliseconds how long to wait
   * @throws Error when it is not enough in that time
   */
  waitUntil(enough: (items: readonly T[]) => boolean, milliseconds = 10_000): Promise<void> {
    return new Promise((done, fail) => {
      const look = () => {
        if (!enough(this.#items)) return;
        clearTimeout(timer);
        this.#listeners.delete(look);
        done();
      };
      const timer = setTimeout(() => {
        this.#listeners.delete(look);
        fail(new Error(`waited ${milliseconds} ms in vain; ${this.#items.length} items came`));
      }, milliseconds);
      this.#listeners.add(look);
      look();
    });
  }
}
