/**
 * Items of the queue table that cannot be read: one is not what it should be, or a release that is too far from this one wrote
 * it. Whatever of them is what it should be can still be shown.
 */

import { isRecord, isWhole } from './form.ts';
import type { DeliveryItem } from './item.ts';
import type { DeliveryKey } from './messages.ts';
import type { QueueEntry } from './queue-entry.ts';
import { SchemaVersionError } from './schema-version.ts';
import { isState } from './states.ts';

/** An item as the table holds it. */
export type RawItem = Readonly<Record<string, unknown>>;

/** Attributes that must be as they were seen when a malformed item is written over: each transition alters one of them. */
export const overwriteFence = ['version', 'state', 'generation', 'by'] as const;

/** An item is malformed. */
export class ItemFault extends Error implements DeliveryKey {
  override readonly name = 'ItemFault';
  readonly id: string;
  readonly delivery: string;
  /** The member that is wrong: `recipients[2].last.status`. */
  readonly field: string;
  /** The member, its value, and what is wanted. */
  readonly fault: string;
  /** All attributes, those of the indexes too. */
  readonly raw: RawItem;

  constructor(
    { id, delivery }: DeliveryKey,
    { path, text }: { readonly path: string; readonly text: string },
    raw: RawItem,
  ) {
    super(`delivery ${id}/${delivery}: ${text}`);
    this.id = id;
    this.delivery = delivery;
    this.field = path;
    this.fault = text;
    this.raw = raw;
  }
}

/** An item is of a release that is too far from this one. It is left to that release. */
export class ForeignItem extends SchemaVersionError implements DeliveryKey {
  readonly id: string;
  readonly delivery: string;
  readonly fault: string;
  readonly raw: RawItem;

  constructor({ id, delivery }: DeliveryKey, fault: string, raw: RawItem) {
    super(`delivery ${id}/${delivery} ${fault}`);
    this.id = id;
    this.delivery = delivery;
    this.fault = fault;
    this.raw = raw;
  }
}

/** An item that cannot be read, and why. */
export type UnreadableItem = ItemFault | ForeignItem;

/** What lies under a key. */
export type FoundItem = DeliveryItem | UnreadableItem;

/** Whether something is an item that cannot be read. */
export function isUnreadable(found: unknown): found is UnreadableItem {
  return found instanceof ItemFault || found instanceof ForeignItem;
}

/** Those that can be read. */
export function readable(found: readonly FoundItem[]): readonly DeliveryItem[] {
  return found.filter((item): item is DeliveryItem => !isUnreadable(item));
}

/** Those that cannot. */
export function unreadable(found: readonly FoundItem[]): readonly UnreadableItem[] {
  return found.filter(isUnreadable);
}

/** An item that cannot be read as a value; everything else that reading throws is thrown. */
export async function orUnreadable<T>(reading: Promise<T>): Promise<T | UnreadableItem> {
  try {
    return await reading;
  } catch (error) {
    if (isUnreadable(error)) return error;
    throw error;
  }
}

/** The name of a hold on a malformed item. */
export const malformedHold = 'malformed';

/** Shows of an item what can be shown; what is wrong with it stands beside that. What is not there, or not usable, is empty. */
export function entryOfUnreadable({
  id,
  delivery,
  fault,
  raw,
}: Pick<UnreadableItem, 'id' | 'delivery' | 'fault' | 'raw'>): QueueEntry {
  const { state, generation, due, arrival, sender, destination, attempt } = raw;
  return {
    ...{ id, delivery },
    // Somebody has to look at it, and it is in nobody's hands.
    state: isState(state) ? state : 'held',
    generation: isWhole(generation) && generation >= 1 ? generation : 1,
    ...(typeof due === 'number' ? { due } : {}),
    arrival: isWhole(arrival) ? arrival : 0,
    sender: typeof sender === 'string' ? sender : '',
    destination: typeof destination === 'string' ? destination : '',
    attempt: isWhole(attempt) ? attempt : 0,
    summary: { addresses: [], moreAddresses: 0, replies: [], moreReplies: 0, inDoubt: 0 },
    fault,
  };
}

/** The state in which an item is, if it is in any. */
export function rawState({ state }: RawItem): string {
  return typeof state === 'string' ? state : 'unknown';
}

/** Addresses of those recipients who have no final verdict, as far as they can be seen. */
export function openAddresses({ recipients }: RawItem): readonly string[] {
  if (!Array.isArray(recipients)) return [];
  return recipients.flatMap((recipient: unknown) => {
    if (!isRecord(recipient) || typeof recipient['address'] !== 'string') return [];
    const { address, last } = recipient;
    return isRecord(last) && isFinal(last['status']) ? [] : [address];
  });
}

function isFinal(status: unknown): boolean {
  return status === 'sent' || status === 'bounced' || status === 'expired' || status === 'removed';
}
