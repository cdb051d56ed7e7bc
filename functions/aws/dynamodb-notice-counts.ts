/**
 * Counts of trouble in the queue table: one item for each class and destination, so that all containers together send
 * one notice.
 */

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { NoticeCounts } from '../notices/notifier.ts';
import { number, object, optional, parse, time } from '../queue/items/form.ts';
import { queueTableSchema } from '../queue/items/table-schema.ts';

const { partitionKey, sortKey, timeToLive } = queueTableSchema;

/** Milliseconds that a count stays after the last trouble. */
const retention = 7 * 86_400_000;

interface Count {
  readonly times: number;
  readonly until?: number;
}

const countForm = object<Count>({ times: number, until: optional(time) });

/** The counts in a table. */
export class DynamoDbNoticeCounts implements NoticeCounts {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async count(key: string, times: number, now: number, pause: number): Promise<number | undefined> {
    const Key = { [partitionKey]: `notice#${key}`, [sortKey]: 'count' };
    const { Attributes = {} } = await this.#client.send(
      new UpdateCommand({
        TableName: this.#table,
        Key,
        UpdateExpression: 'SET #expires = :expires ADD #times :times',
        ExpressionAttributeNames: { '#expires': timeToLive, '#times': 'times' },
        ExpressionAttributeValues: { ':expires': Math.ceil((now + retention) / 1000), ':times': times },
        ReturnValues: 'ALL_NEW',
      }),
    );
    const { times: counted, until = 0 } = parse(countForm, Attributes, `count of notices ${key}`);
    if (until > now) return undefined;
    try {
      await this.#client.send(
        new UpdateCommand({
          TableName: this.#table,
          Key,
          UpdateExpression: 'SET #until = :next ADD #times :taken',
          ConditionExpression: 'attribute_not_exists(#until) OR #until <= :now',
          ExpressionAttributeNames: { '#until': 'until', '#times': 'times' },
          ExpressionAttributeValues: { ':next': now + pause, ':now': now, ':taken': -counted },
        }),
      );
      return counted;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw error;
    }
  }
}
