/**
 * The queue table in memory: the same transitions, from the same table, with the same fences as the one in DynamoDB.
 *
 * What goes in and what comes out are copies, so that nobody changes an item but by a transition.
 */
import type { DeliveryItem } from '../../functions/queue/item.ts';
import type { DeliveryKey } from '../../functions/queue/messages.ts';
import type { Caution, CautionStore, Changes, DueItem, Ledger, Moved } from '../../functions/queue/ports.ts';
import { type Transition, type TransitionName, transitions } from '../../functions/queue/states.ts';

/** A ledger that forgets everything with its process. */
export class MemoryLedger implements Ledger, CautionStore {
  readonly #items = new Map<string, DeliveryItem>();
  readonly #cautions = new Map<string, Caution>();

  /** Everything that is in it. */
  get items(): readonly DeliveryItem[] {
    return [...this.#items.values()].map(copy);
  }

  async read(key: DeliveryKey): Promise<DeliveryItem | undefined> {
    return this.#find(key);
  }

  async readAll(id: string): Promise<readonly DeliveryItem[]> {
    checkKey(id);
    const items = this.items.filter((item) => item.id === id);
    return items.toSorted((a, b) => (a.delivery < b.delivery ? -1 : 1));
  }

  async readCaution(destination: string): Promise<Caution | undefined> {
    return this.#cautions.get(destination);
  }

  async writeCaution(destination: string, caution: Caution): Promise<void> {
    this.#cautions.set(destination, caution);
  }

  async admit(item: DeliveryItem): Promise<Moved> {
    const there = this.#find(item);
    if (there !== undefined) return there.by === item.by ? moved(there) : { kind: 'behind', item: there };
    return moved(this.#put(item));
  }

  async move(name: TransitionName, seen: DeliveryItem, changes: Changes): Promise<Moved> {
    const transition: Transition = transitions[name];
    const there = this.#find(seen);
    if (there === undefined || !transition.from.includes(there.state) || !isLetThrough(transition, there, seen)) {
      return { kind: 'behind', item: there };
    }
    const { pending = {}, ...attributes } = changes;
    const changed = Object.entries(attributes).filter(([, value]) => value !== undefined);
    const item = {
      ...there,
      ...Object.fromEntries(changed),
      state: transition.to,
      by: crypto.randomUUID(),
      generation: transition.raises === true ? seen.generation + 1 : there.generation,
      pending: { ...there.pending, ...pending },
    };
    const kept = Object.entries(item).filter(([, value]) => value !== null);
    return moved(this.#put(Object.fromEntries(kept) as unknown as DeliveryItem));
  }

  async forgetPending(item: DeliveryItem, eventIds: readonly string[]): Promise<void> {
    const there = this.#find(item);
    if (there === undefined || (item.state === 'done' && there.state !== 'done')) return;
    const left = Object.entries(there.pending).filter(([eventId]) => !eventIds.includes(eventId));
    const { due, ...rest } = there;
    const pending = Object.fromEntries(left);
    this.#put(item.state === 'done' || due === undefined ? { ...rest, pending } : { ...rest, due, pending });
  }

  async *findDue(before: number): AsyncIterable<DueItem> {
    for (const { id, delivery, state, generation, due } of this.items) {
      if (due !== undefined && due <= before) yield { id, delivery, state, generation, due };
    }
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

function isLetThrough({ fence }: Transition, there: DeliveryItem, seen: DeliveryItem): boolean {
  switch (fence) {
    case 'generation':
      return there.generation === seen.generation;
    case 'token':
      return there.claim !== undefined && there.claim.token === seen.claim?.token;
    case 'time':
      return there.due === seen.due && there.generation === seen.generation;
    case 'absent':
      throw new TypeError('an item that must be absent is put, not moved');
    default:
      return fence satisfies never;
  }
}

/** A partition key in DynamoDB holds 1 to 2048 octets. */
function checkKey(id: string): void {
  const octets = Buffer.byteLength(id);
  if (octets >= 1 && octets <= 2048) return;
  throw Object.assign(new Error(`a key of ${octets} octets`), { name: 'ValidationException' });
}

function moved(item: DeliveryItem): Moved {
  return { kind: 'moved', item };
}

function name({ id, delivery }: DeliveryKey): string {
  return `${id}/${delivery}`;
}

/** As a table gives back what it was given: without what is undefined. */
function copy(item: DeliveryItem): DeliveryItem {
  return JSON.parse(JSON.stringify(item)) as DeliveryItem;
}
