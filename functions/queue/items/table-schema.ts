/**
 * The keys of the queue table, shared by the construct that makes it, the local stack and the adapter that uses it.
 *
 * One item a delivery (`id`, `delivery`), one for each corrupt request (`id`, `corrupt`), and one for each destination that
 * there is something to know of (`destination#...`, `destination`). Items that somebody has to look at in time carry `shard`
 * and `due` and so appear in the index `due`, which the sweep reads shard by shard. Deliveries that wait carry `waits` and
 * `order` and so appear in the index `waiting`, which operators read, and whoever fills active up again. A delivery that
 * succeeds at the first attempt never does.
 */
export const queueTableSchema = {
  /** Partition key, string: the queue id. */
  partitionKey: 'id',
  /** Sort key, string: the number of the delivery, or `corrupt`. */
  sortKey: 'delivery',
  /** Number, seconds since 1970: when DynamoDB may remove the item; only on items that are done. */
  timeToLive: 'expires',
  /** Index of what falls due; projects all attributes that the sweep decides by. */
  dueIndex: {
    name: 'due',
    /** String: `active#0` to `active#7` for what is in active or being delivered, `due#0` to `due#7` for all else. */
    partitionKey: 'shard',
    /** Number, milliseconds since 1970. */
    sortKey: 'due',
    /** Attributes beside the keys. */
    projected: ['state', 'generation', 'destination', 'unpublished'],
  },
  /** Index of what waits. Its entries are small whatever the size of the item: its recipients are in it as a summary. */
  waitingIndex: {
    name: 'waiting',
    /** String: `waiting#0` to `waiting#7` for deliveries; `destinations` and `corrupt` for the other items. */
    partitionKey: 'waits',
    /** String: destination, state and time (waiting-order.ts). */
    sortKey: 'order',
    /** Attributes beside the keys. */
    projected: ['state', 'generation', 'due', 'arrival', 'sender', 'destination', 'attempt', 'summary'],
  },
  /** How many shards each index has; one DynamoDB partition key takes about 1,000 writes a second. */
  shards: 8,
} as const;
