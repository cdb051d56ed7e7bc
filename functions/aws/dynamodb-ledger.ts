/**
 * The queue table in DynamoDB. Each change is one conditional write, built from the row of its transition.
 */

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateQuery,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { dueShards, indexAttributes } from '../queue/items/index-attributes.ts';
import type { DeliveryItem } from '../queue/items/item.ts';
import type { DeliveryKey } from '../queue/items/messages.ts';
import { afterMove } from '../queue/items/moved-item.ts';
import { readDue } from '../queue/items/parse-entry.ts';
import { readStored } from '../queue/items/parse-item.ts';
import type { Changes, DueItem, Ledger, Moved, RawChanges, UnreadableDue } from '../queue/items/ports.ts';
import { type Transition, type TransitionName, targetOf, transitions } from '../queue/items/states.ts';
import { queueTableSchema } from '../queue/items/table-schema.ts';
import {
  type FoundItem,
  type ItemFault,
  isUnreadable,
  overwriteFence,
  type RawItem,
} from '../queue/items/unreadable-item.ts';
import { Update } from './dynamodb-update.ts';

const { dueIndex, timeToLive } = queueTableSchema;

/**
 * Seconds that a done item stays: longer than SQS keeps a message (14 days), so that a late copy of the request is
 * recognised.
 */
const doneRetention = 30 * 86_400;

/** Items per page of a backward read, which often needs only the last deliveries. */
const backwardPage = 20;

/** The ledger in a table. */
export class DynamoDbLedger implements Ledger {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async read({ id, delivery }: DeliveryKey): Promise<DeliveryItem | undefined> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { id, delivery }, ConsistentRead: true }),
    );
    return Item === undefined ? undefined : asItem(Item);
  }

  async readAll(id: string): Promise<readonly FoundItem[]> {
    const items: FoundItem[] = [];
    const pages = paginateQuery({ client: this.#client }, { TableName: this.#table, ...deliveriesOf(id) });
    for await (const page of pages) items.push(...(page.Items ?? []).map(readStored));
    return items;
  }

  async *readBack(id: string): AsyncIterable<FoundItem> {
    const pages = paginateQuery(
      { client: this.#client, pageSize: backwardPage },
      { TableName: this.#table, ...deliveriesOf(id), ScanIndexForward: false },
    );
    for await (const page of pages) yield* (page.Items ?? []).map(readStored);
  }

  async admit(item: DeliveryItem): Promise<Moved> {
    try {
      const Item = withoutNull({ ...item, ...indexAttributes(item) });
      await this.#client.send(
        new PutCommand({
          TableName: this.#table,
          Item,
          ConditionExpression: 'attribute_not_exists(#id)',
          ExpressionAttributeNames: { '#id': 'id' },
        }),
      );
      return { kind: 'moved', item };
    } catch (error) {
      return await this.#readBack(error, item, item.by);
    }
  }

  async move(
    name: TransitionName,
    seen: DeliveryItem,
    changes: Changes,
    by: string = crypto.randomUUID(),
  ): Promise<Moved> {
    const transition: Transition = transitions[name];
    const update = new Update();
    update.set('state', targetOf(transition, seen.state));
    update.set('by', by);
    if (transition.raises) update.set('generation', seen.generation + 1);
    const { pending = {}, ...attributes } = changes;
    const next = afterMove(name, seen, changes);
    for (const [attribute, value] of Object.entries({ ...attributes, ...indexAttributes(next) })) {
      update.change(attribute, value);
    }
    if (next.state === 'done' && changes.due === null) update.set(timeToLive, expiry());
    for (const [eventId, event] of Object.entries(pending)) update.setMember('pending', eventId, event);
    update.require(`${update.name('state')} IN (${transition.from.map((state) => update.value(state)).join(', ')})`);
    fence(update, transition, seen);
    try {
      const { Attributes = {} } = await this.#client.send(
        new UpdateCommand({ ...this.#key(seen), ...update.expressions(), ReturnValues: 'ALL_NEW' }),
      );
      return { kind: 'moved', item: asItem(Attributes) };
    } catch (error) {
      return await this.#readBack(error, seen, by);
    }
  }

  async forgetPending(item: DeliveryItem, eventIds: readonly string[]): Promise<void> {
    const { state, unpublished, by } = item;
    const rest = state === 'done' ? {} : unpublished;
    if (rest !== undefined) {
      // Removes the item from the index, or moves it to its next due time. A done item also gets its expiry.
      const update = forgetting(eventIds);
      const { due, ...left } = { ...item, ...rest, state };
      const next = rest.due === undefined ? left : { ...left, due: rest.due };
      const { shard } = indexAttributes(next);
      for (const [attribute, value] of Object.entries({ due: rest.due ?? null, shard, unpublished: null })) {
        update.change(attribute, value);
      }
      if (state === 'done') update.set(timeToLive, expiry());
      if (state === 'done') update.requireEqual('state', 'done');
      else update.requireEqual('by', by);
      if ((await this.#updated(item, update)) || state === 'done') return;
    }
    // Another process has moved it and set its due time.
    const update = forgetting(eventIds);
    if (!update.isEmpty) await this.#updated(item, update);
  }

  async *findDue(before: number): AsyncIterable<DueItem | UnreadableDue> {
    for (const shard of dueShards) {
      const pages = paginateQuery(
        { client: this.#client },
        {
          TableName: this.#table,
          IndexName: dueIndex.name,
          KeyConditionExpression: '#shard = :shard AND #due <= :before',
          ExpressionAttributeNames: { '#shard': dueIndex.partitionKey, '#due': dueIndex.sortKey },
          ExpressionAttributeValues: { ':shard': shard, ':before': before },
        },
      );
      for await (const page of pages) yield* (page.Items ?? []).map(readDue);
    }
  }

  async overwrite(seen: ItemFault, changes: RawChanges): Promise<boolean> {
    const update = new Update();
    const by = crypto.randomUUID();
    for (const [attribute, value] of Object.entries({ ...changes, by })) update.change(attribute, value);
    for (const attribute of overwriteFence) update.requireSame(attribute, seen.raw[attribute]);
    if (await this.#updated(seen, update)) return true;
    // The failed condition may be caused by this call's own earlier try, whose answer was lost.
    const { Item } = await this.#client.send(new GetCommand({ ...this.#key(seen), ConsistentRead: true }));
    return Item?.['by'] === by;
  }

  /** Returns whether the condition held. */
  async #updated(item: DeliveryKey, update: Update): Promise<boolean> {
    try {
      await this.#client.send(new UpdateCommand({ ...this.#key(item), ...update.expressions() }));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  #key({ id, delivery }: DeliveryKey): { TableName: string; Key: Record<string, string> } {
    return { TableName: this.#table, Key: { id, delivery } };
  }

  /**
   * Reads the item after a failed condition. If it has this call's mark, an earlier try succeeded and its answer was
   * lost.
   */
  async #readBack(error: unknown, key: DeliveryKey, by: string): Promise<Moved> {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    const item = await this.read(key);
    return item?.by === by ? { kind: 'moved', item } : { kind: 'behind', item };
  }
}

/** The query for a request's deliveries, without the records of its reports. */
function deliveriesOf(id: string) {
  return {
    KeyConditionExpression: '#id = :id AND delivery BETWEEN :first AND :last',
    ExpressionAttributeNames: { '#id': 'id' },
    ExpressionAttributeValues: { ':id': id, ':first': '0', ':last': '9999999' },
    ConsistentRead: true,
  };
}

/** Adds the condition that refuses writes based on an old state. */
function fence(update: Update, { fence: kind }: Transition, seen: DeliveryItem): void {
  switch (kind) {
    case 'generation':
      update.requireEqual('generation', seen.generation);
      return;
    case 'token':
      update.requireEqual('claim.token', seen.claim?.token ?? '');
      update.requireEqual('by', seen.by);
      return;
    case 'time':
      update.requireEqual('due', seen.due ?? 0);
      update.requireEqual('by', seen.by);
      return;
    case 'mark':
      update.requireEqual('by', seen.by);
      return;
    case 'absent':
      throw new TypeError('an item that must be absent is put, not moved');
    default:
      kind satisfies never;
  }
}

function forgetting(eventIds: readonly string[]): Update {
  const update = new Update();
  for (const eventId of eventIds) update.removeMember('pending', eventId);
  return update;
}

/**
 * Returns the item without the attributes of the indexes.
 *
 * @throws ItemFault, ForeignItem
 */
function asItem(raw: RawItem): DeliveryItem {
  const found = readStored(raw);
  if (isUnreadable(found)) throw found;
  return found;
}

function withoutNull(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null));
}

/** Returns the expiry of an item that is done now, seconds since 1970. */
function expiry(): number {
  return Math.floor(Date.now() / 1000) + doneRetention;
}
