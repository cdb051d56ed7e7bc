/**
 * Items of the queue table that cannot be read: malformed, or written by a release that is too far from this one. Their
 * well-formed members can still be shown.
 */

import { isRecord, isWhole } from './form.ts';
import type { DeliveryItem } from './item.ts';
import type { DeliveryKey } from './messages.ts';
import type { QueueEntry } from './queue-entry.ts';
import { SchemaVersionError } from './schema-version.ts';
import { isState } from './states.ts';

/** An item as stored. */
export type RawItem = Readonly<Record<string, unknown>>;

/** Attributes that must be unchanged when a malformed item is overwritten: each transition changes one of them. */
export const overwriteFence = ['version', 'state', 'generation', 'by'] as const;

/** An item is malformed. */
export class ItemFault extends Error implements DeliveryKey {
  override readonly name = 'ItemFault';
  readonly id: string;
  readonly delivery: string;
  /** The wrong member: `recipients[2].last.status`. */
  readonly field: string;
  /** The member, its value, and the expected value. */
  readonly fault: string;
  /** All attributes, including those of the indexes. */
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

/** An item of a release that is too far from this one, and is left to that release. */
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

/** An item, or why it cannot be read. */
export type FoundItem = DeliveryItem | UnreadableItem;

/** Whether a value is an unreadable item. */
export function isUnreadable(found: unknown): found is UnreadableItem {
  return found instanceof ItemFault || found instanceof ForeignItem;
}

/** Returns the items that can be read. */
export function readable(found: readonly FoundItem[]): readonly DeliveryItem[] {
  return found.filter((item): item is DeliveryItem => !isUnreadable(item));
}

/** Returns the items that cannot be read. */
export function unreadable(found: readonly FoundItem[]): readonly UnreadableItem[] {
  return found.filter(isUnreadable);
}

/** Returns an unreadable item as a value; other errors are thrown. */
export async function orUnreadable<T>(reading: Promise<T>): Promise<T | UnreadableItem> {
  try {
    return await reading;
  } catch (error) {
    if (isUnreadable(error)) return error;
    throw error;
  }
}

/** Id of the hold on a malformed item. */
export const malformedHold = 'malformed';

/** Returns a list entry with the readable members of an item and its fault. Missing or malformed members are empty. */
export function entryOfUnreadable({
  id,
  delivery,
  fault,
  raw,
}: Pick<UnreadableItem, 'id' | 'delivery' | 'fault' | 'raw'>): QueueEntry {
  const { state, generation, due, arrival, sender, destination, attempt } = raw;
  return {
    ...{ id, delivery },
    // Shown as held: an operator must act.
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

/** Returns the state of an item; `unknown` if it has none. */
export function rawState({ state }: RawItem): string {
  return typeof state === 'string' ? state : 'unknown';
}

/** Returns the readable addresses of recipients without a final verdict. */
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
