/**
 * Records of destinations in the queue table, one item each. The decision data are written together, on condition of
 * the revision. Places in active are counted separately, so that counting does not conflict with other writes.
 */

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, paginateQuery, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import {
  type DestinationRecord,
  emptyRecord,
  nameOfRecord,
  type Places,
  recordKey,
} from '../queue/items/destination-record.ts';
import { mapConcurrently } from '../queue/items/map-concurrently.ts';
import { readPlaces, readRecord } from '../queue/items/parse-destination-record.ts';
import type { Destinations } from '../queue/items/ports.ts';
import { SchemaVersionError, schemaVersion } from '../queue/items/schema-version.ts';
import { queueTableSchema } from '../queue/items/table-schema.ts';
import { hashOf, slotOf } from '../request/hash.ts';
import { Update } from './dynamodb-update.ts';

const { timeToLive, shards, waitingIndex } = queueTableSchema;

/** Seconds that a record without a hold stays after its last write. */
const retention = 30 * 86_400;

/** Records that are read in parallel. */
const together = 20;

/** Octets of a name in a key. */
const nameOctets = 900;

/** Destinations in a table. */
export class DynamoDbDestinations implements Destinations {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async read(name: string): Promise<DestinationRecord> {
    const { Item } = await this.#client.send(new GetCommand({ ...this.#key(name), ConsistentRead: true }));
    return readRecord(name, Item);
  }

  async write(record: DestinationRecord): Promise<boolean> {
    const { name, revision, active, backlog, due, faults, ...known } = record;
    const mark = crypto.randomUUID();
    const update = new Update();
    // Keeps the version, and the members, that a later release wrote.
    update.setIfAbsent('version', schemaVersion);
    const attributes = {
      state: 'destination',
      generation: 0,
      destination: name,
      waits: 'destinations',
      order: keyOf(name),
      revision: revision + 1,
      mark,
      known,
      due: due ?? null,
      shard: due === undefined ? null : `due#${slotOf(name, shards)}`,
      [timeToLive]: known.holds.length > 0 || due !== undefined ? null : Math.floor(Date.now() / 1000) + retention,
    };
    for (const [attribute, value] of Object.entries(attributes)) update.change(attribute, value);
    if (revision === 0) update.require(`attribute_not_exists(${update.name('revision')})`);
    else update.requireEqual('revision', revision);
    if (await this.#update(name, update)) return true;
    // The failed condition may be caused by this call's own earlier try, whose answer was lost.
    const { Item } = await this.#client.send(new GetCommand({ ...this.#key(name), ConsistentRead: true }));
    return Item?.['mark'] === mark;
  }

  async occupy(name: string, places: number, limit: number): Promise<boolean> {
    const update = new Update();
    update.add('active', places);
    const active = update.name('active');
    const isFree = `${active} <= ${update.value(limit - places)}`;
    update.require(places <= limit ? `(attribute_not_exists(${active}) OR ${isFree})` : isFree);
    return (await this.#update(name, update)) !== undefined;
  }

  async vacate(name: string, places: number): Promise<Places> {
    return await this.adjust(name, -places);
  }

  async adjust(name: string, difference: number): Promise<Places> {
    const update = new Update();
    update.add('active', difference);
    if (difference < 0) update.require(`${update.name('active')} >= ${update.value(-difference)}`);
    return readPlaces((await this.#update(name, update)) ?? (await this.#empty(name)));
  }

  async recordBacklog(name: string, at: number): Promise<void> {
    const update = new Update();
    update.set('backlog', at);
    await this.#update(name, update);
  }

  async forgetBacklog(name: string, seen: number): Promise<void> {
    const update = new Update();
    update.change('backlog', null);
    update.requireEqual('backlog', seen);
    await this.#update(name, update);
  }

  async *list(): AsyncIterable<DestinationRecord> {
    const pages = paginateQuery(
      { client: this.#client },
      {
        TableName: this.#table,
        IndexName: waitingIndex.name,
        KeyConditionExpression: '#waits = :waits',
        ExpressionAttributeNames: { '#waits': waitingIndex.partitionKey },
        ExpressionAttributeValues: { ':waits': 'destinations' },
      },
    );
    for await (const page of pages) {
      yield* mapConcurrently(page.Items ?? [], together, ({ destination, id }) =>
        this.#show(typeof destination === 'string' ? destination : nameOfRecord(String(id))),
      );
    }
  }

  /** Reads a record for a list; an unreadable one becomes an empty record with a fault. */
  async #show(name: string): Promise<DestinationRecord> {
    try {
      return await this.read(name);
    } catch (error) {
      if (error instanceof SchemaVersionError) return { ...emptyRecord(name), faults: [error.message] };
      throw error;
    }
  }

  /** Returns the new attributes; undefined if the condition failed. */
  async #update(name: string, update: Update): Promise<Record<string, unknown> | undefined> {
    try {
      const { Attributes } = await this.#client.send(
        new UpdateCommand({ ...this.#key(name), ...update.expressions(), ReturnValues: 'ALL_NEW' }),
      );
      return Attributes;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw error;
    }
  }

  /** More places were given back than counted: sets the count to 0. */
  async #empty(name: string): Promise<Record<string, unknown> | undefined> {
    const update = new Update();
    update.set('active', 0);
    return await this.#update(name, update);
  }

  #key(name: string): { TableName: string; Key: Record<string, string> } {
    return { TableName: this.#table, Key: { id: recordKey(keyOf(name)), delivery: 'destination' } };
  }
}

function keyOf(name: string): string {
  return Buffer.byteLength(name) <= nameOctets ? name : hashOf(name);
}
