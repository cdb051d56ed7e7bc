/** Items that have arrived, with methods to read them and to wait for more. */
export class Collection<T> {
  readonly #items: T[] = [];
  readonly #listeners = new Set<(item: T) => void>();
  #taken = 0;

  /** All items, oldest first. */
  get items(): readonly T[] {
    return this.#items;
  }

  add(item: T): void {
    this.#items.push(item);
    for (const listener of this.#listeners) listener(item);
  }

  /** Calls the listener for each further item. */
  listen(listener: (item: T) => void): void {
    this.#listeners.add(listener);
  }

  /** Returns the items since the last call. */
  take(): readonly T[] {
    const fresh = this.#items.slice(this.#taken);
    this.#taken = this.#items.length;
    return fresh;
  }

  /**
   * Resolves to the first item that matches, past or future.
   *
   * @param milliseconds how long to wait
   * @throws Error if none matches in time
   */
  async waitFor(matches: (item: T) => boolean, milliseconds = 10_000): Promise<T> {
    await this.waitUntil((items) => items.some(matches), milliseconds);
    return this.#items.find(matches) as T;
  }

  /**
   * Resolves when the items are enough.
   *
   * @param milliseconds how long to wait
   * @throws Error if they are not enough in time
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
        fail(new Error(`waited ${milliseconds} ms in vain; ${this.#items.length} items arrived`));
      }, milliseconds);
      this.#listeners.add(look);
      look();
    });
  }
}
