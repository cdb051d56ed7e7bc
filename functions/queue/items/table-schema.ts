/**
 * The keys of the queue table, shared by the construct, the local stack and the adapter.
 *
 * There is one item for each delivery (`id`, `delivery`), for each corrupt request (`id`, `corrupt`), and for each
 * destination with a record (`destination#...`, `destination`), and for each version of the live settings (`settings#parameters`,
 * its number). Items with a due time have `shard` and `due`, and
 * appear in the index `due`, which the sweep reads shard by shard. Waiting deliveries have `waits` and `order`, and
 * appear in the index `waiting`, which serves operators and the refilling of active. A delivery that succeeds at the
 * first attempt never appears there.
 */
export const queueTableSchema = {
  /** Partition key, string: the queue id. */
  partitionKey: 'id',
  /** Sort key, string: the number of the delivery, or `corrupt`. */
  sortKey: 'delivery',
  /** Number, seconds since 1970: when DynamoDB may remove the item; only on items that are done. */
  timeToLive: 'expires',
  /** Index of due items; projects all attributes that the sweep needs. */
  dueIndex: {
    name: 'due',
    /**
     * String: `active#0` to `active#7` for deliveries in active or being delivered, `due#0` to `due#7` for all others.
     */
    partitionKey: 'shard',
    /** Number, milliseconds since 1970. */
    sortKey: 'due',
    /** Attributes besides the keys. */
    projected: ['state', 'generation', 'destination', 'unpublished'],
  },
  /**
   * Index of waiting items. Its entries are small for any size of the item: they contain a summary of its recipients.
   */
  waitingIndex: {
    name: 'waiting',
    /** String: `waiting#0` to `waiting#7` for deliveries; `destinations` and `corrupt` for the other items. */
    partitionKey: 'waits',
    /** String: destination, state and time (waiting-order.ts). */
    sortKey: 'order',
    /** Attributes besides the keys. */
    projected: ['state', 'generation', 'due', 'arrival', 'sender', 'destination', 'attempt', 'summary'],
  },
  /** How many shards each index has; one DynamoDB partition key takes about 1,000 writes a second. */
  shards: 8,
} as const;

/** Partition key of the live settings. No queue id contains `#`. */
export const settingsKey = 'settings#parameters';
