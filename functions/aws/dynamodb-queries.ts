/**
 * Queries over many deliveries by the indexes of the queue table; the table itself is never scanned.
 */

import {
  BatchGetCommand,
  type DynamoDBDocumentClient,
  paginateQuery,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { matchEntry, matchesItem } from '../operator/queue-filter.ts';
import { anything, count, Flaw, mapOf, object, optional, parse } from '../queue/items/form.ts';
import { activeShards, corruptIndexKey, waitingShards } from '../queue/items/index-attributes.ts';
import type { DeliveryKey } from '../queue/items/messages.ts';
import { readEntry } from '../queue/items/parse-entry.ts';
import { readItem } from '../queue/items/parse-item.ts';
import type { Queries, QueuedWanted, QueuePage } from '../queue/items/ports.ts';
import type { QueueEntry, QueueFilter } from '../queue/items/queue-entry.ts';
import type { State } from '../queue/items/states.ts';
import { entryOf } from '../queue/items/summary.ts';
import { queueTableSchema } from '../queue/items/table-schema.ts';
import { entryOfUnreadable, type FoundItem, isUnreadable, type RawItem } from '../queue/items/unreadable-item.ts';
import { isWaiting, orderPrefix, queuedOrder, time, waitingStates } from '../queue/items/waiting-order.ts';

const { dueIndex, waitingIndex } = queueTableSchema;

/** Query of a whole shard of the index `due`. */
const dueShardQuery = { IndexName: dueIndex.name, KeyConditionExpression: '#shard = :shard' } as const;

/** Most items of one batch read. */
const batchSize = 100;

/** Queries on a table. */
export class DynamoDbQueries implements Queries {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async list(
    filter: QueueFilter,
    from?: string,
    isListed: (key: DeliveryKey) => boolean = () => false,
  ): Promise<QueuePage> {
    const sources = sourcesOf(filter);
    let { source: at, key } = from === undefined ? { source: 0, key: undefined } : parseCursor(from);
    let consumed = 0;
    for (let source = sources[at]; source !== undefined; source = sources[at]) {
      const answer = await this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          ...source.query,
          ...(key === undefined ? {} : { ExclusiveStartKey: key }),
          ReturnConsumedCapacity: 'TOTAL',
        }),
      );
      consumed += answer.ConsumedCapacity?.CapacityUnits ?? 0;
      const { Items: found = [], LastEvaluatedKey: last } = answer;
      const fresh = found.filter(({ id, delivery }) => !isListed({ id: String(id), delivery: String(delivery) }));
      const matching = await this.#matching(fresh, source.holds, filter);
      consumed += matching.consumed;
      if (last === undefined) at += 1;
      key = last;
      // An empty shard makes no page.
      if (found.length > 0) {
        const isEnd = sources[at] === undefined;
        return { entries: matching.entries, consumed, ...(isEnd ? {} : { next: formatCursor({ source: at, key }) }) };
      }
    }
    return { entries: [], consumed };
  }

  async findQueued(destination: string, { isNew, dueBy, limit }: QueuedWanted): Promise<readonly QueueEntry[]> {
    const prefix = queuedOrder(destination, isNew);
    const answers = await Promise.all(
      waitingShards.map((shard) =>
        this.#client.send(
          new QueryCommand({
            TableName: this.#table,
            IndexName: waitingIndex.name,
            KeyConditionExpression: '#waits = :shard AND #order BETWEEN :first AND :last',
            ExpressionAttributeNames: { '#waits': waitingIndex.partitionKey, '#order': waitingIndex.sortKey },
            ExpressionAttributeValues: { ':shard': shard, ':first': prefix, ':last': `${prefix}${time(dueBy)}` },
            Limit: limit,
          }),
        ),
      ),
    );
    const found = answers.flatMap(({ Items = [] }) => Items.map(asEntry));
    // A malformed entry is handled when its item is woken.
    const ours = found.filter((entry) => entry.destination === destination || entry.fault !== undefined);
    return ours.toSorted((a, b) => (a.due ?? 0) - (b.due ?? 0)).slice(0, limit);
  }

  async countActive(destination?: string): Promise<number> {
    const counts = await Promise.all(activeShards.map((shard) => this.#countShard(shard, destination)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async countCorruptRequests(): Promise<number> {
    return await this.#count({
      IndexName: waitingIndex.name,
      KeyConditionExpression: '#waits = :waits',
      ExpressionAttributeNames: { '#waits': waitingIndex.partitionKey },
      ExpressionAttributeValues: { ':waits': corruptIndexKey },
    });
  }

  async #countShard(shard: string, destination: string | undefined): Promise<number> {
    const isOne = destination !== undefined;
    return await this.#count({
      ...dueShardQuery,
      ...(isOne ? { FilterExpression: '#destination = :destination' } : {}),
      ExpressionAttributeNames: {
        '#shard': dueIndex.partitionKey,
        ...(isOne ? { '#destination': 'destination' } : {}),
      },
      ExpressionAttributeValues: { ':shard': shard, ...(isOne ? { ':destination': destination } : {}) },
    });
  }

  async #count(query: Omit<QueryCommandInput, 'TableName' | 'Select'>): Promise<number> {
    let count = 0;
    const pages = paginateQuery({ client: this.#client }, { TableName: this.#table, Select: 'COUNT', ...query });
    for await (const page of pages) count += page.Count ?? 0;
    return count;
  }

  /** Returns the matching entries of an index; items are read if the index is not enough. */
  async #matching(
    found: readonly RawItem[],
    holds: 'entries' | 'keys',
    filter: QueueFilter,
  ): Promise<Pick<QueuePage, 'entries' | 'consumed'>> {
    const judged = found.map((raw) => ({ raw, ...judge(raw, holds, filter) }));
    const unsure = judged.filter(({ match }) => match === 'perhaps').map(({ raw }) => raw);
    const { items, consumed } = await this.#readItems(unsure);
    const sure = items.flatMap((item) => matching(item, filter));
    const entries = judged.flatMap(({ entry, match }) => (match === true && entry !== undefined ? [entry] : []));
    return { entries: [...entries, ...sure], consumed };
  }

  async #readItems(keys: readonly RawItem[]): Promise<{ items: readonly FoundItem[]; consumed: number }> {
    const items: FoundItem[] = [];
    let consumed = 0;
    let wanted: readonly Record<string, unknown>[] = keys.map(({ id, delivery }) => ({ id, delivery }));
    while (wanted.length > 0) {
      const answer = await this.#client.send(
        new BatchGetCommand({
          RequestItems: { [this.#table]: { Keys: wanted.slice(0, batchSize) } },
          ReturnConsumedCapacity: 'TOTAL',
        }),
      );
      items.push(...(answer.Responses?.[this.#table] ?? []).map((raw) => readItem(raw)));
      consumed += (answer.ConsumedCapacity ?? []).reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
      const again = answer.UnprocessedKeys?.[this.#table]?.Keys ?? [];
      wanted = [...wanted.slice(batchSize), ...again];
    }
    return { items, consumed };
  }
}

/** Matches an index entry; `perhaps`: the item must be read. An index of keys has the destination beside them. */
function judge(
  raw: RawItem,
  holds: 'entries' | 'keys',
  filter: QueueFilter,
): { readonly entry?: QueueEntry; readonly match: boolean | 'perhaps' } {
  if (holds === 'keys') return { match: isElsewhere(raw, filter) ? false : 'perhaps' };
  const entry = readEntry(raw);
  return entry instanceof Flaw ? { match: 'perhaps' } : { entry, match: matchEntry(entry, filter) };
}

function isElsewhere({ destination }: RawItem, { destination: wanted }: QueueFilter): boolean {
  return wanted !== undefined && typeof destination === 'string' && destination !== wanted;
}

/** Returns the entry of a matching item; an unreadable one is matched by what can be read. */
function matching(item: FoundItem, filter: QueueFilter): readonly QueueEntry[] {
  if (!isUnreadable(item)) return matchesItem(item, filter) ? [entryOf(item)] : [];
  const entry = entryOfUnreadable(item);
  return entry.state !== 'done' && matchEntry(entry, filter) === true ? [entry] : [];
}

/** Returns the entry of an index; of a malformed one, the readable members. */
function asEntry(raw: RawItem): QueueEntry {
  const entry = readEntry(raw);
  if (!(entry instanceof Flaw)) return entry;
  const { id, delivery } = raw;
  return entryOfUnreadable({ id: String(id), delivery: String(delivery), fault: entry.text, raw });
}

/** One query of a list. */
interface Source {
  readonly query: Omit<QueryCommandInput, 'TableName'>;
  /** Whole entries, or keys of items to read. */
  readonly holds: 'entries' | 'keys';
}

/**
 * Returns the queries that find all deliveries that may match: active, then the states that wait. A delivery that moves to active
 * between the two reads would be missed, so each shard of a waiting state is followed by its shard of active once more.
 */
function sourcesOf(filter: QueueFilter): readonly Source[] {
  const isWanted = (state: State) => filter.states === undefined || filter.states.includes(state);
  const active = isWanted('active') || isWanted('delivering') ? activeShards.map(activeSource) : [];
  const waiting = waitingStates.some(isWanted) ? waitingShards.map((shard) => waitingSource(shard, filter)) : [];
  if (waiting.length === 0) return active;
  return [...active, ...waiting.flatMap((source, shard) => [source, ...active.slice(shard, shard + 1)])];
}

function activeSource(shard: string): Source {
  const query = {
    ...dueShardQuery,
    ExpressionAttributeNames: { '#shard': dueIndex.partitionKey },
    ExpressionAttributeValues: { ':shard': shard },
  };
  return { query, holds: 'keys' };
}

function waitingSource(shard: string, { destination, states }: QueueFilter): Source {
  const waiting = states?.filter(isWaiting);
  // The deliveries of one destination in one state are adjacent.
  const state = waiting?.length === 1 ? waiting[0] : undefined;
  const begins = destination === undefined ? undefined : orderPrefix(destination, state);
  const isBegun = begins === undefined ? '' : ' AND begins_with(#order, :begins)';
  const query = {
    IndexName: waitingIndex.name,
    KeyConditionExpression: `#waits = :shard${isBegun}`,
    ExpressionAttributeNames: {
      '#waits': waitingIndex.partitionKey,
      ...(begins === undefined ? {} : { '#order': waitingIndex.sortKey }),
    },
    ExpressionAttributeValues: { ':shard': shard, ...(begins === undefined ? {} : { ':begins': begins }) },
  };
  return { query, holds: 'entries' };
}

/** A position in a list: the query, and the key in it. */
interface Cursor {
  readonly source: number;
  readonly key?: Record<string, unknown> | undefined;
}

const cursorForm = object<Cursor>({ source: count, key: optional(mapOf(anything)) });

function formatCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

function parseCursor(text: string): Cursor {
  return parse(cursorForm, JSON.parse(Buffer.from(text, 'base64url').toString()), 'place in a list');
}
