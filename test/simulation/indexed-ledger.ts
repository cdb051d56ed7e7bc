/**
 * The queue table in memory, for many deliveries: due deliveries, those that wait for a place and those in
 * active are found without a scan. It keeps the ledger contract, like the table in DynamoDB.
 *
 * Items are returned frozen, not as copies: a simulation makes millions of transitions.
 */

import { matchesItem } from '../../functions/operator/queue-filter.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import type { DeliveryKey } from '../../functions/queue/items/messages.ts';
import { afterMove } from '../../functions/queue/items/moved-item.ts';
import type {
  Changes,
  DueItem,
  Ledger,
  Moved,
  Queries,
  QueuedWanted,
  QueuePage,
} from '../../functions/queue/items/ports.ts';
import type { QueueEntry, QueueFilter } from '../../functions/queue/items/queue-entry.ts';
import { type Transition, type TransitionName, transitions } from '../../functions/queue/items/states.ts';
import { entryOf } from '../../functions/queue/items/summary.ts';
import {
  checkKey,
  dueAmong,
  isInActive,
  isLetThrough,
  moved,
  unmoved,
  withoutPending,
} from '../support/ledger-rules.ts';
import { MemoryDestinations } from '../support/memory-destinations.ts';

/** One item with its place in the index. */
interface Place {
  /** In the order of arrival of the items. */
  readonly n: number;
  item: DeliveryItem;
}

/** Entries of a page. */
const pageSize = 100;

/** Milliseconds of a drawer of the index by time. */
const drawer = 60_000;

/** A large ledger that ends with its process. */
export class IndexedLedger implements Ledger, Queries {
  /** The destination records of the same table. */
  readonly destinations = new MemoryDestinations();
  readonly #places: Place[] = [];
  readonly #byId = new Map<string, Map<string, Place>>();
  readonly #due = new Map<number, Set<Place>>();
  readonly #queued = new Map<string, Place[]>();
  readonly #active = new Map<string, number>();
  readonly #onMoved: (before: DeliveryItem | undefined, after: DeliveryItem) => void;
  #writes = 0;

  /** @param onMoved called after every write, with the item before and after it */
  constructor(onMoved: (before: DeliveryItem | undefined, after: DeliveryItem) => void = () => {}) {
    this.#onMoved = onMoved;
  }

  /** Returns all items, in the order of their arrival. */
  get items(): readonly DeliveryItem[] {
    return this.#places.map(({ item }) => item);
  }

  async read(key: DeliveryKey): Promise<DeliveryItem | undefined> {
    return this.#find(key)?.item;
  }

  async readAll(id: string): Promise<readonly DeliveryItem[]> {
    checkKey(id);
    const items = [...(this.#byId.get(id)?.values() ?? [])].map(({ item }) => item);
    return items.toSorted((a, b) => (a.delivery < b.delivery ? -1 : 1));
  }

  async *readBack(id: string): AsyncIterable<DeliveryItem> {
    yield* (await this.readAll(id)).toReversed();
  }

  async admit(item: DeliveryItem): Promise<Moved> {
    const there = this.#find(item);
    if (there !== undefined) {
      return there.item.by === item.by ? moved(there.item) : { kind: 'behind', item: there.item };
    }
    // As a table returns items: without undefined members.
    const put = Object.freeze(JSON.parse(JSON.stringify(item)) as DeliveryItem);
    const place = { n: this.#places.length, item: put };
    this.#places.push(place);
    const deliveries = this.#byId.get(item.id) ?? new Map<string, Place>();
    this.#byId.set(item.id, deliveries.set(item.delivery, place));
    this.#index(place);
    this.#onMoved(undefined, put);
    return moved(put);
  }

  async move(name: TransitionName, seen: DeliveryItem, changes: Changes, by?: string): Promise<Moved> {
    const transition: Transition = transitions[name];
    const place = this.#find(seen);
    const there = place?.item;
    if (place === undefined || there === undefined || !isLetThrough(transition, there, seen)) {
      return unmoved(there, by);
    }
    this.#writes += 1;
    return moved(this.#put(place, { ...afterMove(name, there, changes), by: by ?? `write ${this.#writes}` }));
  }

  async forgetPending(item: DeliveryItem, eventIds: readonly string[]): Promise<void> {
    const place = this.#find(item);
    const left = withoutPending(place?.item, item, eventIds);
    if (place !== undefined && left !== undefined) this.#put(place, left);
  }

  async *findDue(before: number): AsyncIterable<DueItem> {
    const drawers = [...this.#due.keys()].filter((start) => start <= before).sort((a, b) => a - b);
    // A snapshot of the index: an item that moves meanwhile is still shown in its old place.
    const found = drawers.flatMap((start) => [...(this.#due.get(start) ?? [])].map(({ item }) => item));
    yield* dueAmong(found, this.destinations, before);
  }

  /** Nothing in it is malformed. */
  async overwrite(): Promise<boolean> {
    return false;
  }

  async list(filter: QueueFilter, from = '0'): Promise<QueuePage> {
    const entries: QueueEntry[] = [];
    let n = Number(from);
    for (; n < this.#places.length && entries.length < pageSize; n += 1) {
      const item = this.#places[n]?.item;
      if (item !== undefined && item.state !== 'done' && matchesItem(item, filter)) entries.push(entryOf(item));
    }
    return { entries, consumed: 0, ...(n < this.#places.length ? { next: String(n) } : {}) };
  }

  async findQueued(destination: string, { isNew, dueBy, limit }: QueuedWanted): Promise<readonly QueueEntry[]> {
    const found: QueueEntry[] = [];
    for (const { item } of this.#queued.get(queuedKey(destination, isNew)) ?? []) {
      if (found.length === limit || (item.due ?? 0) > dueBy) break;
      found.push(entryOf(item));
    }
    return found;
  }

  async countActive(destination?: string): Promise<number> {
    if (destination !== undefined) return this.activeNow(destination);
    return this.#active.values().reduce((sum, count) => sum + count, 0);
  }

  /** It has no corrupt requests. */
  async countCorruptRequests(): Promise<number> {
    return 0;
  }

  /** Returns how many deliveries to a destination are in active or in delivery. */
  activeNow(destination: string): number {
    return this.#active.get(destination) ?? 0;
  }

  #find({ id, delivery }: DeliveryKey): Place | undefined {
    checkKey(id);
    return this.#byId.get(id)?.get(delivery);
  }

  #put(place: Place, item: DeliveryItem): DeliveryItem {
    const before = place.item;
    this.#forget(place);
    place.item = Object.freeze(item);
    this.#index(place);
    this.#onMoved(before, item);
    return item;
  }

  #index(place: Place): void {
    const { due, destination } = place.item;
    if (due !== undefined) {
      const start = drawerOf(due);
      const places = this.#due.get(start);
      if (places === undefined) this.#due.set(start, new Set([place]));
      else places.add(place);
    }
    if (isInActive(place.item)) this.#active.set(destination, this.activeNow(destination) + 1);
    if (place.item.state !== 'queued') return;
    const key = queuedKeyOf(place.item);
    const queued = this.#queued.get(key) ?? [];
    this.#queued.set(key, queued);
    queued.splice(rank(queued, place), 0, place);
  }

  #forget(place: Place): void {
    const { due, destination } = place.item;
    if (due !== undefined) {
      const start = drawerOf(due);
      const places = this.#due.get(start);
      places?.delete(place);
      if (places?.size === 0) this.#due.delete(start);
    }
    if (isInActive(place.item)) this.#active.set(destination, this.activeNow(destination) - 1);
    if (place.item.state !== 'queued') return;
    const queued = this.#queued.get(queuedKeyOf(place.item)) ?? [];
    queued.splice(rank(queued, place), 1);
  }
}

/** Returns the position of a place among those that wait, in the order of their due times. */
function rank(queued: readonly Place[], { n, item: { due = 0 } }: Place): number {
  let [low, high] = [0, queued.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = queued[middle];
    const otherDue = other?.item.due ?? 0;
    if (other !== undefined && (otherDue < due || (otherDue === due && other.n < n))) low = middle + 1;
    else high = middle;
  }
  return low;
}

function queuedKeyOf({ destination, attempt }: DeliveryItem): string {
  return queuedKey(destination, attempt === 0);
}

function queuedKey(destination: string, isNew: boolean): string {
  return `${isNew ? 'new' : 'old'} ${destination}`;
}

function drawerOf(due: number): number {
  return due - (due % drawer);
}
