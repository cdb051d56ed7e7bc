/**
 * Questions that do not go on for ever: whoever looks at a screen waits for some seconds, and is told where it stopped.
 */

import type { DeliveryKey } from '../queue/items/messages.ts';
import type { Queries, QueuedWanted, QueuePage } from '../queue/items/ports.ts';
import type { QueueEntry, QueueFilter } from '../queue/items/queue-entry.ts';

/** How far to go. A page that was begun is read to its end. */
export interface Bounds {
  /** Read request units. */
  readonly units: number;
  /** Whether there is time for another page. */
  readonly mayGoOn: () => boolean;
}

/** The same questions, answered as far as the bounds allow: the last page then says that it is the last. */
export class BoundedQueries implements Queries {
  readonly #queries: Queries;
  readonly #bounds: Bounds;
  readonly #isWanted: (entry: QueueEntry) => boolean;
  #pages = 0;
  #consumed = 0;
  #entries = 0;
  #isCut = false;

  /** @param isWanted what of the entries that match is given out */
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

  /** Entries that were given out. */
  get entries(): number {
    return this.#entries;
  }

  /** Whether something was left unread. */
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
