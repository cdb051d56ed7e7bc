/**
 * The keys of the queue table, shared by the construct that makes it, the local stack and the adapter that uses it.
 *
 * One item a delivery (`id`, `delivery`), and one for each corrupt request (`id`, `corrupt`). Items that somebody has to
 * look at in time carry `shard` and `due` and so appear in the index `due`, which the sweep reads shard by shard.
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
    /** String: `due#0` to `due#7`. */
    partitionKey: 'shard',
    /** Number, milliseconds since 1970. */
    sortKey: 'due',
    /** Attributes beside the keys. */
    projected: ['state', 'generation'],
  },
  /** How many shards the index has; one DynamoDB partition key takes about 1,000 writes a second. */
  shards: 8,
} as const;
