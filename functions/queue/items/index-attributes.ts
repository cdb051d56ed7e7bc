/**
 * The attributes of an item that place it in the indexes of the table.
 */

import { slotOf } from '../../request/hash.ts';
import type { DeliveryItem } from './item.ts';
import type { Summary } from './queue-entry.ts';
import { summarise } from './summary.ts';
import { queueTableSchema } from './table-schema.ts';
import { isWaiting, orderOf } from './waiting-order.ts';

const { shards } = queueTableSchema;

/** Null: the item has no such attribute. */
export interface IndexAttributes {
  readonly shard: string | null;
  readonly waits: string | null;
  readonly order: string | null;
  readonly summary: Summary | null;
}

/** Returns the attributes of a delivery. */
export function indexAttributes(item: DeliveryItem): IndexAttributes {
  const shard = item.due === undefined ? null : `${dueClass(item)}#${slotOf(item.id, shards)}`;
  if (!isWaiting(item.state)) return { shard, waits: null, order: null, summary: null };
  return { shard, waits: `waiting#${slotOf(item.id, shards)}`, order: orderOf(item), summary: summarise(item) };
}

/** Active deliveries have shards of their own, so that they can be counted without the waiting ones. */
function dueClass({ state }: DeliveryItem): 'active' | 'due' {
  return state === 'active' || state === 'delivering' ? 'active' : 'due';
}

/** The shards of the index `due`. */
export const dueShards: readonly string[] = ['active', 'due'].flatMap((name) => numbered(name));

/** The shards of active deliveries. */
export const activeShards: readonly string[] = numbered('active');

/** The shards of the index `waiting` that contain deliveries. */
export const waitingShards: readonly string[] = numbered('waiting');

/** Partition of the index `waiting` with corrupt requests, sorted by time. */
export const corruptIndexKey = 'corrupt';

function numbered(name: string): readonly string[] {
  return Array.from({ length: shards }, (_, shard) => `${name}#${shard}`);
}
