/**
 * The queue table in DynamoDB. Every change is one conditional write, built from the row of its transition.
 */

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateQuery,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { slotOf } from '../queue/hash.ts';
import type { DeliveryItem } from '../queue/item.ts';
import type { DeliveryKey } from '../queue/messages.ts';
import type { Caution, CautionStore, Changes, DueItem, Ledger, Moved } from '../queue/ports.ts';
import { type Transition, type TransitionName, transitions } from '../queue/states.ts';
import { queueTableSchema } from '../queue/table-schema.ts';

const { dueIndex, shards, timeToLive } = queueTableSchema;

/**
 * Seconds that an item that is done stays: longer than SQS can keep a copy of its request (14 days), so that a late copy
 * is still known for one.
 */
const doneRetention = 30 * 86_400;

/** The ledger over a table. */
export class DynamoDbLedger implements Ledger, CautionStore {
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
    return Item as DeliveryItem | undefined;
  }

  async readAll(id: string): Promise<readonly DeliveryItem[]> {
    const items: DeliveryItem[] = [];
    const pages = paginateQuery(
      { client: this.#client },
      {
        TableName: this.#table,
        KeyConditionExpression: '#id = :id AND delivery BETWEEN :first AND :last',
        ExpressionAttributeNames: { '#id': 'id' },
        ExpressionAttributeValues: { ':id': id, ':first': '0', ':last': '9999999' },
        ConsistentRead: true,
      },
    );
    for await (const page of pages) items.push(...((page.Items ?? []) as DeliveryItem[]));
    return items;
  }

  async admit(item: DeliveryItem): Promise<Moved> {
    try {
      const Item = { ...item, shard: shardOf(item.id) };
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

  async move(name: TransitionName, seen: DeliveryItem, changes: Changes): Promise<Moved> {
    const transition: Transition = transitions[name];
    const by = crypto.randomUUID();
    const update = new Update();
    update.set('state', transition.to);
    update.set('by', by);
    if (transition.raises) update.set('generation', seen.generation + 1);
    const { pending = {}, ...attributes } = changes;
    for (const [attribute, value] of Object.entries(attributes)) update.change(attribute, value);
    if (transition.to === 'done' && changes.due === null) update.set(timeToLive, expiry());
    if ('due' in changes) update.change('shard', changes.due === null ? null : shardOf(seen.id));
    for (const [eventId, event] of Object.entries(pending)) update.setMember('pending', eventId, event);
    update.require(`#state IN (${transition.from.map((state) => update.value(state)).join(', ')})`);
    fence(update, transition, seen);
    try {
      const { Attributes } = await this.#client.send(
        new UpdateCommand({ ...this.#key(seen), ...update.expressions(), ReturnValues: 'ALL_NEW' }),
      );
      return { kind: 'moved', item: Attributes as DeliveryItem };
    } catch (error) {
      return await this.#readBack(error, seen, by);
    }
  }

  async forgetPending(item: DeliveryItem, eventIds: readonly string[]): Promise<void> {
    const update = new Update();
    for (const eventId of eventIds) update.removeMember('pending', eventId);
    if (item.state === 'done') {
      // Nothing is left to be done: out of the index, and away when no copy of its request can come any more.
      update.change('due', null);
      update.change('shard', null);
      update.set(timeToLive, expiry());
      update.require(`#state = ${update.value('done')}`);
    }
    if (update.isEmpty) return;
    try {
      await this.#client.send(new UpdateCommand({ ...this.#key(item), ...update.expressions() }));
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  async *findDue(before: number): AsyncIterable<DueItem> {
    for (let shard = 0; shard < shards; shard += 1) {
      const pages = paginateQuery(
        { client: this.#client },
        {
          TableName: this.#table,
          IndexName: dueIndex.name,
          KeyConditionExpression: '#shard = :shard AND #due <= :before',
          ExpressionAttributeNames: { '#shard': dueIndex.partitionKey, '#due': dueIndex.sortKey },
          ExpressionAttributeValues: { ':shard': `due#${shard}`, ':before': before },
        },
      );
      for await (const page of pages) yield* (page.Items ?? []) as DueItem[];
    }
  }

  async readCaution(destination: string): Promise<Caution | undefined> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { id: `destination#${destination}`, delivery: 'caution' } }),
    );
    return Item === undefined ? undefined : { until: Item['until'] as number, why: String(Item['why']) };
  }

  async writeCaution(destination: string, { until, why }: Caution): Promise<void> {
    const Item = { id: `destination#${destination}`, delivery: 'caution', version: 1, until, why };
    await this.#client.send(
      new PutCommand({ TableName: this.#table, Item: { ...Item, [timeToLive]: Math.ceil(until / 1000) } }),
    );
  }

  #key({ id, delivery }: DeliveryKey): { TableName: string; Key: Record<string, string> } {
    return { TableName: this.#table, Key: { id, delivery } };
  }

  /** A failed condition may be our own earlier write, whose answer was lost on the way: then the item bears our mark. */
  async #readBack(error: unknown, key: DeliveryKey, by: string): Promise<Moved> {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    const item = await this.read(key);
    return item?.by === by ? { kind: 'moved', item } : { kind: 'behind', item };
  }
}

/** The part of the condition that keeps out whoever is behind. */
function fence(update: Update, { fence: kind }: Transition, seen: DeliveryItem): void {
  switch (kind) {
    case 'generation':
      update.require(`#generation = ${update.value(seen.generation)}`, { '#generation': 'generation' });
      return;
    case 'token':
      update.require(`#claim.#token = ${update.value(seen.claim?.token ?? '')}`, {
        '#claim': 'claim',
        '#token': 'token',
      });
      return;
    case 'time':
      update.require(`#due = ${update.value(seen.due ?? 0)} AND #generation = ${update.value(seen.generation)}`, {
        '#due': 'due',
        '#generation': 'generation',
      });
      return;
    case 'absent':
      throw new TypeError('an item that must be absent is put, not moved');
    default:
      kind satisfies never;
  }
}

/** When an item that is done now may go, seconds since 1970. */
function expiry(): number {
  return Math.floor(Date.now() / 1000) + doneRetention;
}

function shardOf(id: string): string {
  return `due#${slotOf(id, shards)}`;
}

/** Collects the clauses of one update; every name is escaped, since DynamoDB reserves several hundred words. */
class Update {
  readonly #sets: string[] = [];
  readonly #removes: string[] = [];
  readonly #conditions: string[] = [];
  readonly #names: Record<string, string> = { '#state': 'state' };
  readonly #values: Record<string, unknown> = {};

  get isEmpty(): boolean {
    return this.#sets.length === 0 && this.#removes.length === 0;
  }

  value(value: unknown): string {
    const name = `:v${Object.keys(this.#values).length}`;
    this.#values[name] = value;
    return name;
  }

  set(attribute: string, value: unknown): void {
    this.#sets.push(`${this.#name(attribute)} = ${this.value(value)}`);
  }

  /** Sets an attribute, or takes it away where the value is null; undefined leaves it alone. */
  change(attribute: string, value: unknown): void {
    if (value === null) this.#removes.push(this.#name(attribute));
    else if (value !== undefined) this.set(attribute, value);
  }

  setMember(attribute: string, member: string, value: unknown): void {
    this.#sets.push(`${this.#name(attribute)}.${this.#name(member)} = ${this.value(value)}`);
  }

  removeMember(attribute: string, member: string): void {
    this.#removes.push(`${this.#name(attribute)}.${this.#name(member)}`);
  }

  require(condition: string, names: Readonly<Record<string, string>> = {}): void {
    this.#conditions.push(condition);
    Object.assign(this.#names, names);
  }

  expressions() {
    const clauses = [
      this.#sets.length > 0 ? `SET ${this.#sets.join(', ')}` : '',
      this.#removes.length > 0 ? `REMOVE ${this.#removes.join(', ')}` : '',
    ].filter((clause) => clause !== '');
    const used = `${clauses.join(' ')} ${this.#conditions.join(' ')}`;
    return {
      UpdateExpression: clauses.join(' '),
      ExpressionAttributeNames: Object.fromEntries(
        Object.entries(this.#names).filter(([name]) => new RegExp(`${name}(?![A-Za-z0-9])`).test(used)),
      ),
      ...(Object.keys(this.#values).length > 0 ? { ExpressionAttributeValues: this.#values } : {}),
      ...(this.#conditions.length > 0 ? { ConditionExpression: this.#conditions.join(' AND ') } : {}),
    };
  }

  #name(attribute: string): string {
    const name = `#${attribute.replace(/[^A-Za-z0-9]/g, '')}`;
    this.#names[name] = attribute;
    return name;
  }
}
