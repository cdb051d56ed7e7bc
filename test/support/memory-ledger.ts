/**
 * The queue table in memory: the same transitions with the same fences as the one in DynamoDB.
 *
 * Stored and returned items are copies, so that an item changes only by a transition.
 */
import { isDeepStrictEqual } from 'node:util';
import { matchEntry, matchesItem } from '../../functions/operator/queue-filter.ts';
import { Flaw } from '../../functions/queue/items/form.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import type { DeliveryKey } from '../../functions/queue/items/messages.ts';
import { afterMove } from '../../functions/queue/items/moved-item.ts';
import { readDue, readEntry } from '../../functions/queue/items/parse-entry.ts';
import { readItem, readStored } from '../../functions/queue/items/parse-item.ts';
import type {
  Changes,
  DueItem,
  Ledger,
  Moved,
  Queries,
  QueuedWanted,
  QueuePage,
  RawChanges,
  UnreadableDue,
} from '../../functions/queue/items/ports.ts';
import type { QueueEntry, QueueFilter } from '../../functions/queue/items/queue-entry.ts';
import { type Transition, type TransitionName, transitions } from '../../functions/queue/items/states.ts';
import { entryOf } from '../../functions/queue/items/summary.ts';
import {
  entryOfUnreadable,
  type FoundItem,
  type ItemFault,
  isUnreadable,
  overwriteFence,
  type RawItem,
  type UnreadableItem,
} from '../../functions/queue/items/unreadable-item.ts';
import { checkKey, dueAmong, isInActive, isLetThrough, moved, unmoved, withoutPending } from './ledger-rules.ts';
import { MemoryDestinations } from './memory-destinations.ts';

/** Entries of a page. */
const pageSize = 100;

/** A ledger that ends with its process. */
export class MemoryLedger implements Ledger, Queries {
  /** The destination records of the same table. */
  readonly destinations = new MemoryDestinations();
  readonly #items = new Map<string, DeliveryItem>();
  /** Items that cannot be read. */
  readonly #unread = new Map<string, UnreadableItem>();

  /** All items. */
  get items(): readonly DeliveryItem[] {
    return [...this.#items.values()].map(copy);
  }

  async read(key: DeliveryKey): Promise<DeliveryItem | undefined> {
    return this.#find(key);
  }

  /** Adds an item as another release may have written it. */
  plant(raw: RawItem): void {
    const found = readStored(raw);
    this.#unread.delete(name(found));
    if (isUnreadable(found)) {
      this.#items.delete(name(found));
      this.#unread.set(name(found), found);
    } else this.#put(found);
  }

  async readAll(id: string): Promise<readonly FoundItem[]> {
    checkKey(id);
    const unread = [...this.#unread.values()].filter((item) => item.id === id);
    const items: readonly FoundItem[] = [...this.#select((item) => item.id === id).map(copy), ...unread];
    return items.toSorted((a, b) => (a.delivery < b.delivery ? -1 : 1));
  }

  async *readBack(id: string): AsyncIterable<FoundItem> {
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

  async *findDue(before: number): AsyncIterable<DueItem | UnreadableDue> {
    yield* dueAmong([...this.#items.values()], this.destinations, before);
    const unread = [...this.#unread.values()].map(({ raw }) => raw);
    yield* unread.filter(({ due }) => typeof due === 'number' && due <= before).map(readDue);
  }

  async overwrite(seen: ItemFault, changes: RawChanges): Promise<boolean> {
    const there = this.#unread.get(name(seen))?.raw;
    if (there === undefined) return false;
    if (!overwriteFence.every((attribute) => isDeepStrictEqual(there[attribute], seen.raw[attribute]))) return false;
    const next = Object.entries({ ...there, ...changes, by: crypto.randomUUID() });
    this.plant(Object.fromEntries(next.filter(([, value]) => value !== null && value !== undefined)));
    return true;
  }

  async list(filter: QueueFilter, from = '0'): Promise<QueuePage> {
    const live = this.#select(({ state }) => state !== 'done');
    const page = live.slice(Number(from), Number(from) + pageSize).map(copy);
    const entries = page.filter((item) => matchesItem(item, filter)).map(entryOf);
    const unread = from === '0' ? this.#unreadEntries.filter((entry) => matchEntry(entry, filter) === true) : [];
    const next = Number(from) + pageSize;
    return { entries: [...entries, ...unread], consumed: 0, ...(next < live.length ? { next: String(next) } : {}) };
  }

  async findQueued(destination: string, { isNew, dueBy, limit }: QueuedWanted): Promise<readonly QueueEntry[]> {
    const queued = this.#select(
      (item) => item.state === 'queued' && item.destination === destination && (item.attempt === 0) === isNew,
    );
    const due = queued.filter((item) => (item.due ?? 0) <= dueBy).toSorted((a, b) => (a.due ?? 0) - (b.due ?? 0));
    const unread = this.#unreadEntries.filter((one) => one.state === 'queued' && one.destination === destination);
    return [...due.map(entryOf), ...unread].slice(0, limit);
  }

  async countActive(destination?: string): Promise<number> {
    const all = [...this.#items.values(), ...this.#unreadEntries];
    return all.filter((item) => item.destination === (destination ?? item.destination) && isInActive(item)).length;
  }

  /** The index entries of items that cannot be read. */
  get #unreadEntries(): readonly QueueEntry[] {
    const shown = [...this.#unread.values()].map((item) => {
      const entry = readEntry(item.raw);
      return entry instanceof Flaw ? entryOfUnreadable(item) : entry;
    });
    return shown.filter(({ state }) => state !== 'done');
  }

  /** How many requests could not be used: a ledger does not know that itself. */
  corruptRequests = 0;

  async countCorruptRequests(): Promise<number> {
    return this.corruptRequests;
  }

  /** The stored items: for reading, and copied before they are returned. */
  #select(isWanted: (item: DeliveryItem) => boolean): readonly DeliveryItem[] {
    return [...this.#items.values()].filter(isWanted);
  }

  #find(key: DeliveryKey): DeliveryItem | undefined {
    checkKey(key.id);
    const unread = this.#unread.get(name(key));
    if (unread !== undefined) throw unread;
    const item = this.#items.get(name(key));
    return item === undefined ? undefined : copy(item);
  }

  /** Every written item must be a valid item of the table. */
  #put(item: DeliveryItem): DeliveryItem {
    const written = copy(item);
    const found = readItem({ ...written });
    if (isUnreadable(found)) throw found;
    this.#items.set(name(item), written);
    return copy(item);
  }
}

function name({ id, delivery }: DeliveryKey): string {
  return `${id}/${delivery}`;
}

/** As a table returns it: without undefined members. */
function copy(item: DeliveryItem): DeliveryItem {
  return JSON.parse(JSON.stringify(item)) as DeliveryItem;
}
