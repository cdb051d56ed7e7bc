/** The common rules of the ledgers in memory, whatever their storage. */
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import type { DueItem, Moved } from '../../functions/queue/items/ports.ts';
import type { Transition } from '../../functions/queue/items/states.ts';
import type { MemoryDestinations } from './memory-destinations.ts';

/** Whether a transition succeeds, given the item as the writer saw it and as it is. */
export function isLetThrough({ from, fence }: Transition, there: DeliveryItem, seen: DeliveryItem): boolean {
  if (!from.includes(there.state)) return false;
  switch (fence) {
    case 'generation':
      return there.generation === seen.generation;
    case 'token':
      return there.claim !== undefined && there.claim.token === seen.claim?.token && there.by === seen.by;
    case 'time':
      return there.due === seen.due && there.by === seen.by;
    case 'mark':
      return there.by === seen.by;
    case 'absent':
      throw new TypeError('an item that must be absent is put, not moved');
    default:
      return fence satisfies never;
  }
}

/** Returns the item without published events; nothing if none of them are pending. */
export function withoutPending(
  there: DeliveryItem | undefined,
  seen: DeliveryItem,
  eventIds: readonly string[],
): DeliveryItem | undefined {
  if (there === undefined || (seen.state === 'done' && there.state !== 'done')) return undefined;
  const left = Object.entries(there.pending).filter(([eventId]) => !eventIds.includes(eventId));
  const told = { ...there, pending: Object.fromEntries(left) };
  const rest = seen.state === 'done' ? {} : there.by === seen.by ? seen.unpublished : undefined;
  if (rest === undefined) return told;
  const { due, unpublished, ...forgotten } = told;
  return rest.due === undefined ? forgotten : { ...forgotten, due: rest.due };
}

/** Returns what is due before a moment, of items and of destinations. */
export function* dueAmong(
  items: Iterable<DeliveryItem>,
  destinations: MemoryDestinations,
  before: number,
): Iterable<DueItem> {
  for (const { id, delivery, state, generation, due, destination, unpublished } of items) {
    if (due === undefined || due > before) continue;
    const found = { id, delivery, state, generation, due, destination };
    yield unpublished === undefined ? found : { ...found, unpublished };
  }
  for (const { name, due } of destinations.records) {
    if (due === undefined || due > before) continue;
    const key = { id: `destination#${name}`, delivery: 'destination' };
    yield { ...key, state: 'destination', generation: 0, due, destination: name };
  }
}

/** Whether a delivery occupies a place in active. */
export function isInActive({ state }: Pick<DeliveryItem, 'state'>): boolean {
  return state === 'active' || state === 'delivering';
}

/** A partition key in DynamoDB holds 1 to 2048 octets. */
export function checkKey(id: string): void {
  // No character takes more than four.
  if (id.length >= 1 && id.length <= 512) return;
  const octets = Buffer.byteLength(id);
  if (octets >= 1 && octets <= 2048) return;
  throw Object.assign(new Error(`a key of ${octets} octets`), { name: 'ValidationException' });
}

/** The result for a writer that moved an item. */
export function moved(item: DeliveryItem): Moved {
  return { kind: 'moved', item };
}

/**
 * The result for a writer with an outdated view, unless the item has the mark of the same transition: then an
 * earlier try succeeded.
 */
export function unmoved(item: DeliveryItem | undefined, by: string | undefined): Moved {
  return item !== undefined && item.by === by ? moved(item) : { kind: 'behind', item };
}
