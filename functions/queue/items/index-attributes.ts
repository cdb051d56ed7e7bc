/**
 * What an item carries for the indexes of the table, beside what it is: where it stands in them, or that it does not.
 */

import { slotOf } from '../../request/hash.ts';
import type { DeliveryItem } from './item.ts';
import type { Summary } from './queue-entry.ts';
import { summarise } from './summary.ts';
import { queueTableSchema } from './table-schema.ts';
import { isWaiting, orderOf } from './waiting-order.ts';

const { shards } = queueTableSchema;

/** Null: the item does not have it. */
export interface IndexAttributes {
  readonly shard: string | null;
  readonly waits: string | null;
  readonly order: string | null;
  readonly summary: Summary | null;
}

/** The attributes of a delivery. */
export function indexAttributes(item: DeliveryItem): IndexAttributes {
  const shard = item.due === undefined ? null : `${dueClass(item)}#${slotOf(item.id, shards)}`;
  if (!isWaiting(item.state)) return { shard, waits: null, order: null, summary: null };
  return { shard, waits: `waiting#${slotOf(item.id, shards)}`, order: orderOf(item), summary: summarise(item) };
}

/** What is in active has shards of its own, so that it can be counted without all that waits. */
function dueClass({ state }: DeliveryItem): 'active' | 'due' {
  return state === 'active' || state === 'delivering' ? 'active' : 'due';
}

/** The shards of the index `due`. */
export const dueShards: readonly string[] = ['active', 'due'].flatMap((name) => numbered(name));

/** Those of what is in active. */
export const activeShards: readonly string[] = numbered('active');

/** The shards of the index `waiting` that hold deliveries. */
export const waitingShards: readonly string[] = numbered('waiting');

/** Where requests that could not be used stand in the index `waiting`, by time. */
export const corruptIndexKey = 'corrupt';

function numbered(name: string): readonly string[] {
  return Array.from({ length: shards }, (_, shard) => `${name}#${shard}`);
}
