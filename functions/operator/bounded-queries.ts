/**
 * Queries with a limit: a screen has some seconds to read the queue, and shows whether it read all of it.
 */

import type { DeliveryKey } from '../queue/items/messages.ts';
import type { Queries, QueuedWanted, QueuePage } from '../queue/items/ports.ts';
import type { QueueEntry, QueueFilter } from '../queue/items/queue-entry.ts';

/** When to stop reading. A page is always read to its end. */
export interface Bounds {
  /** Read request units. */
  readonly units: number;
  /** Whether there is time for another page. */
  readonly mayGoOn: () => boolean;
}

/** Queries that stop at the bounds: the last page within them has no successor. */
export class BoundedQueries implements Queries {
  readonly #queries: Queries;
  readonly #bounds: Bounds;
  readonly #isWanted: (entry: QueueEntry) => boolean;
  #pages = 0;
  #consumed = 0;
  #entries = 0;
  #isCut = false;

  /** @param isWanted selects among the entries that match */
  constructor(queries: Queries, bounds: Bounds, isWanted: (entry: QueueEntry) => boolean = () => true) {
    this.#queries = queries;
    this.#bounds = bounds;
    this.#isWanted = isWanted;
  }

  get pages(): number {
    return this.#pages;
  }

  /** Read request units. */
  get consumed(): number {
    return this.#consumed;
  }

  /** Entries returned so far. */
  get entries(): number {
    return this.#entries;
  }

  /** Whether reading stopped before the end. */
  get isCut(): boolean {
    return this.#isCut;
  }

  async list(filter: QueueFilter, from?: string, isListed?: (key: DeliveryKey) => boolean): Promise<QueuePage> {
    const page = await this.#queries.list(filter, from, isListed);
    const entries = page.entries.filter(this.#isWanted);
    this.#pages += 1;
    this.#consumed += page.consumed;
    this.#entries += entries.length;
    const { next, ...rest } = { ...page, entries };
    if (next === undefined) return rest;
    if (this.#consumed < this.#bounds.units && this.#bounds.mayGoOn()) return { ...rest, next };
    this.#isCut = true;
    return rest;
  }

  findQueued(destination: string, wanted: QueuedWanted): Promise<readonly QueueEntry[]> {
    return this.#queries.findQueued(destination, wanted);
  }

  countActive(destination: string): Promise<number> {
    return this.#queries.countActive(destination);
  }

  countCorruptRequests(): Promise<number> {
    return this.#queries.countCorruptRequests();
  }
}
