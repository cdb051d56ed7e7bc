/**
 * The queue table in memory: the same transitions, from the same table, with the same fences as the one in DynamoDB.
 *
 * What goes in and what comes out are copies, so that nobody changes an item but by a transition.
 */
import type { DeliveryItem } from '../../functions/queue/item.ts';
import type { DeliveryKey } from '../../functions/queue/messages.ts';
import { afterMove } from '../../functions/queue/moved-item.ts';
import type { Changes, DueItem, Ledger, Moved, Queries, QueuedWanted, QueuePage } from '../../functions/queue/ports.ts';
import type { QueueEntry, QueueFilter } from '../../functions/queue/queue-entry.ts';
import { matchesItem } from '../../functions/queue/queue-filter.ts';
import { type Transition, type TransitionName, transitions } from '../../functions/queue/states.ts';
import { entryOf } from '../../functions/queue/summary.ts';
import { checkKey, dueAmong, isInActive, isLetThrough, moved, unmoved, withoutPending } from './ledger-rules.ts';
import { MemoryDestinations } from './memory-destinations.ts';

/** Entries of a page. */
const pageSize = 100;

/** A ledger that forgets everything with its process. */
export class MemoryLedger implements Ledger, Queries {
  /** What the same table holds of destinations. */
  readonly destinations = new MemoryDestinations();
  readonly #items = new Map<string, DeliveryItem>();

  /** Everything that is in it. */
  get items(): readonly DeliveryItem[] {
    return [...this.#items.values()].map(copy);
  }

  async read(key: DeliveryKey): Promise<DeliveryItem | undefined> {
    return this.#find(key);
  }

  async readAll(id: string): Promise<readonly DeliveryItem[]> {
    checkKey(id);
    const items = this.#select((item) => item.id === id).map(copy);
    return items.toSorted((a, b) => (a.delivery < b.delivery ? -1 : 1));
  }

  async *readBack(id: string): AsyncIterable<DeliveryItem> {
    yield* (await this.readAll(id)).toReversed();
  }

  async admit(item: DeliveryItem): Promise<Moved> {
    const there = this.#find(item);
    if (there !== undefined) return there.by === item.by ? moved(there) : { kind: 'behind', item: there };
    return moved(this.#put(item));
  }

  async move(
    name: TransitionName,
    seen: DeliveryItem,
    changes: Changes,
    by: string = crypto.randomUUID(),
  ): Promise<Moved> {
    const transition: Transition = transitions[name];
    const there = this.#find(seen);
    if (there === undefined || !isLetThrough(transition, there, seen)) return unmoved(there, by);
    return moved(this.#put({ ...afterMove(name, there, changes), by }));
  }

  async forgetPending(item: DeliveryItem, eventIds: readonly string[]): Promise<void> {
    const left = withoutPending(this.#find(item), item, eventIds);
    if (left !== undefined) this.#put(left);
  }

  async *findDue(before: number): AsyncIterable<DueItem> {
    yield* dueAmong([...this.#items.values()], this.destinations, before);
  }

  async list(filter: QueueFilter, from = '0'): Promise<QueuePage> {
    const live = this.#select(({ state }) => state !== 'done');
    const page = live.slice(Number(from), Number(from) + pageSize).map(copy);
    const entries = page.filter((item) => matchesItem(item, filter)).map(entryOf);
    const next = Number(from) + pageSize;
    return { entries, consumed: 0, ...(next < live.length ? { next: String(next) } : {}) };
  }

  async findQueued(destination: string, { isNew, dueBy, limit }: QueuedWanted): Promise<readonly QueueEntry[]> {
    const queued = this.#select(
      (item) => item.state === 'queued' && item.destination === destination && (item.attempt === 0) === isNew,
    );
    const due = queued.filter((item) => (item.due ?? 0) <= dueBy).toSorted((a, b) => (a.due ?? 0) - (b.due ?? 0));
    return due.slice(0, limit).map(entryOf);
  }

  async countActive(destination?: string): Promise<number> {
    return this.#select((item) => item.destination === (destination ?? item.destination) && isInActive(item)).length;
  }

  /** How many requests could not be used: a ledger knows of none by itself. */
  corruptRequests = 0;

  async countCorruptRequests(): Promise<number> {
    return this.corruptRequests;
  }

  /** Items as they lie in it: to be looked at, and copied before they are given away. */
  #select(isWanted: (item: DeliveryItem) => boolean): readonly DeliveryItem[] {
    return [...this.#items.values()].filter(isWanted);
  }

  #find(key: DeliveryKey): DeliveryItem | undefined {
    checkKey(key.id);
    const item = this.#items.get(name(key));
    return item === undefined ? undefined : copy(item);
  }

  #put(item: DeliveryItem): DeliveryItem {
    this.#items.set(name(item), copy(item));
    return copy(item);
  }
}

function name({ id, delivery }: DeliveryKey): string {
  return `${id}/${delivery}`;
}

/** As a table gives back what it was given: without what is undefined. */
function copy(item: DeliveryItem): DeliveryItem {
  return JSON.parse(JSON.stringify(item)) as DeliveryItem;
}
