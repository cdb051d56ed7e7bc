/**
 * Live settings in the queue table: one item for each version, which is written once and never changed.
 *
 * They lie in the table because a version must not be written twice: its number is the key, and a write is on condition that
 * there is no such item. A bucket may belong to others, and may have no versions.
 */

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, paginateQuery, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type Form, mapOf, number, object, optional, parse, text, time } from '../queue/items/form.ts';
import { queueTableSchema, settingsKey } from '../queue/items/table-schema.ts';
import type { LiveValue, SettingsStore, SettingsVersion } from '../settings/version.ts';
import { Update } from './dynamodb-update.ts';

const { partitionKey, sortKey } = queueTableSchema;

/** Digits of a version in its sort key, so that text sorts as numbers do. */
const digits = 9;

/** Versions of a page of the history. */
const pageSize = 25;

/** A value may contain the one that returns when it ends. */
const liveValueForm: Form<LiveValue> = (value, flaw): value is LiveValue =>
  object<LiveValue>({
    value: text,
    until: optional(time),
    at: time,
    by: text,
    why: text,
    before: optional(liveValueForm),
  })(value, flaw);

const versionForm = object<Omit<SettingsVersion, 'version'>>({
  values: mapOf(liveValueForm),
  at: time,
  by: text,
  what: text,
  why: text,
});

/** The settings of a transport. */
export class DynamoDbSettings implements SettingsStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async latest(): Promise<SettingsVersion | undefined> {
    for await (const version of this.#versions(1)) return version;
    return undefined;
  }

  history(): AsyncIterable<SettingsVersion> {
    return this.#versions(pageSize);
  }

  async add({ version, ...rest }: SettingsVersion): Promise<boolean> {
    const update = new Update();
    for (const [attribute, value] of Object.entries({ number: version, ...rest })) update.set(attribute, value);
    update.require(`attribute_not_exists(${update.name(partitionKey)})`);
    const Key = { [partitionKey]: settingsKey, [sortKey]: String(version).padStart(digits, '0') };
    try {
      await this.#client.send(new UpdateCommand({ TableName: this.#table, Key, ...update.expressions() }));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  /** Yields the versions, latest first. Consistent: an operator sees what another has just set. */
  async *#versions(pageSize: number): AsyncIterable<SettingsVersion> {
    const pages = paginateQuery(
      { client: this.#client, pageSize },
      {
        TableName: this.#table,
        KeyConditionExpression: '#id = :id',
        ExpressionAttributeNames: { '#id': partitionKey },
        ExpressionAttributeValues: { ':id': settingsKey },
        ScanIndexForward: false,
        ConsistentRead: true,
      },
    );
    for await (const { Items = [] } of pages) {
      for (const item of Items) {
        const what = `settings, version ${item[sortKey]}`;
        const { values, at, by, what: change, why } = parse(versionForm, item, what);
        yield { version: parse(number, item['number'], what), values, at, by, what: change, why };
      }
    }
  }
}
