/**
 * Corrupt requests for operators: items of the queue table, copies in S3.
 */

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, NoSuchKey, type S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type DynamoDBDocumentClient, GetCommand, paginateQuery, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { aliasOf, aliasPrefix, noCopy, readCorruptRequest } from '../operator/parse-corrupt-request.ts';
import type { CorruptRequest, CorruptRequests } from '../operator/ports.ts';
import { corruptIndexKey } from '../queue/items/index-attributes.ts';
import type { HistoryEntry } from '../queue/items/item.ts';
import { queueTableSchema } from '../queue/items/table-schema.ts';
import { withHistoryEntry } from '../queue/writes/apply-change.ts';
import { Update } from './dynamodb-update.ts';
import { placeOf, wholeText } from './s3-reading.ts';

const { timeToLive, waitingIndex } = queueTableSchema;

/** Seconds that a closed request stays in the table. */
const retention = 30 * 86_400;

/** Corrupt requests in table, bucket and queue. */
export class DynamoDbCorruptRequests implements CorruptRequests {
  readonly #clients: { readonly s3: S3Client; readonly sqs: SQSClient; readonly table: DynamoDBDocumentClient };
  readonly #places: { readonly table: string; readonly incomingUrl: string };

  constructor(
    clients: { readonly s3: S3Client; readonly sqs: SQSClient; readonly table: DynamoDBDocumentClient },
    places: { readonly table: string; readonly incomingUrl: string },
  ) {
    this.#clients = clients;
    this.#places = places;
  }

  async *list(): AsyncIterable<CorruptRequest> {
    const pages = paginateQuery(
      { client: this.#clients.table },
      {
        TableName: this.#places.table,
        IndexName: waitingIndex.name,
        KeyConditionExpression: '#waits = :waits',
        ExpressionAttributeNames: { '#waits': waitingIndex.partitionKey },
        ExpressionAttributeValues: { ':waits': corruptIndexKey },
      },
    );
    for await (const page of pages) {
      for (const { id } of page.Items ?? []) {
        const request = await this.read(String(id));
        if (request !== undefined && request.isClosed === undefined) yield request;
      }
    }
  }

  async read(id: string): Promise<CorruptRequest | undefined> {
    const { Item } = await this.#clients.table.send(
      new GetCommand({ TableName: this.#places.table, Key: { id, delivery: 'corrupt' }, ConsistentRead: true }),
    );
    return Item === undefined ? undefined : readCorruptRequest(Item);
  }

  async findByRequestId(requestId: string): Promise<readonly CorruptRequest[]> {
    const pages = paginateQuery(
      { client: this.#clients.table },
      {
        TableName: this.#places.table,
        KeyConditionExpression: '#id = :id AND begins_with(#delivery, :prefix)',
        ExpressionAttributeNames: { '#id': 'id', '#delivery': 'delivery' },
        ExpressionAttributeValues: { ':id': requestId, ':prefix': aliasPrefix },
        ConsistentRead: true,
      },
    );
    const found: CorruptRequest[] = [];
    for await (const page of pages) {
      for (const { corrupt } of page.Items ?? []) {
        const request = await this.read(String(corrupt));
        if (request !== undefined) found.push(request);
      }
    }
    return found;
  }

  async readBody({ copy }: CorruptRequest): Promise<string | undefined> {
    if (copy.key === noCopy.key) return undefined;
    try {
      const found = await this.#clients.s3.send(new GetObjectCommand(placeOf(copy)));
      return await wholeText(this.#clients.s3, copy, found);
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  async submit(body: string): Promise<void> {
    await this.#clients.sqs.send(new SendMessageCommand({ QueueUrl: this.#places.incomingUrl, MessageBody: body }));
  }

  async close({ id, requestId, history }: CorruptRequest, entry: HistoryEntry): Promise<boolean> {
    const update = new Update();
    const expires = Math.floor(Date.now() / 1000) + retention;
    const attributes = {
      state: 'done',
      waits: null,
      order: null,
      history: withHistoryEntry(history, entry),
      [timeToLive]: expires,
    };
    for (const [attribute, value] of Object.entries(attributes)) update.change(attribute, value);
    update.requireEqual('state', 'corrupt');
    try {
      await this.#clients.table.send(
        new UpdateCommand({
          TableName: this.#places.table,
          Key: { id, delivery: 'corrupt' },
          ...update.expressions(),
        }),
      );
      if (requestId !== undefined) await this.#expireAlias(requestId, id, expires);
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  /** Expires the alias of a case with the case. */
  async #expireAlias(requestId: string, id: string, at: number): Promise<void> {
    const update = new Update();
    update.change(timeToLive, at);
    await this.#clients.table.send(
      new UpdateCommand({
        TableName: this.#places.table,
        Key: { id: requestId, delivery: aliasOf(id) },
        ...update.expressions(),
      }),
    );
  }
}
