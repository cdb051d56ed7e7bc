/**
 * Records of reports in the queue table, in the partition of their request.
 *
 *   id       delivery                              content
 *   4bXq1    report#bounce#000001#event#<id>       an event
 *   4bXq1    report#bounce#000001#sealed#0000      a report: its events, and which mails have been sent
 */

import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand, paginateQuery, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { queueTableSchema } from '../queue/items/table-schema.ts';
import { readKeptEvent, readSealedReport } from '../report/parse-record.ts';
import type { Group, KeptEvent, ReportRecords, SealedReport } from '../report/ports.ts';

const { partitionKey, sortKey, timeToLive } = queueTableSchema;

/** Seconds that a record stays: longer than SQS keeps an event (14 days), so that a late copy is recognised. */
const retention = 30 * 86_400;

/** The records in a table. */
export class DynamoDbReports implements ReportRecords {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async keep(group: Group, { event, at }: KeptEvent): Promise<void> {
    await this.#put({ ...keyOf(group, eventPart(event.lmtp.eventId)), at, event: JSON.stringify(event) });
  }

  async read(group: Group) {
    const events: KeptEvent[] = [];
    const reports: SealedReport[] = [];
    const faults: string[] = [];
    const pages = paginateQuery(
      { client: this.#client },
      {
        TableName: this.#table,
        KeyConditionExpression: '#id = :id AND begins_with(#part, :prefix)',
        ExpressionAttributeNames: { '#id': partitionKey, '#part': sortKey },
        ExpressionAttributeValues: { ':id': group.id, ':prefix': `${prefixOf(group)}#` },
        ConsistentRead: true,
      },
    );
    for await (const { Items = [] } of pages) {
      for (const item of Items) {
        if (!('event' in item)) {
          reports.push(readSealedReport(item));
          continue;
        }
        const kept = readKeptEvent(item);
        if (kept instanceof Error) faults.push(kept.message);
        else events.push(kept);
      }
    }
    return { events, reports, ...(faults.length === 0 ? {} : { faults }) };
  }

  async seal(group: Group, { number, isDone, handedOver: _, ...report }: SealedReport): Promise<void> {
    await this.#put({ ...keyOf(group, sealedPart(number)), ...report, number, isDone });
  }

  async takeOver(group: Group, { number, by: before }: SealedReport, by: string, lease: number): Promise<boolean> {
    try {
      await this.#update(keyOf(group, sealedPart(number)), {
        UpdateExpression: 'SET #by = :by, #lease = :lease',
        ConditionExpression: '#by = :before AND #isDone = :no',
        ExpressionAttributeNames: { '#by': 'by', '#lease': 'lease', '#isDone': 'isDone' },
        ExpressionAttributeValues: { ':by': by, ':lease': lease, ':before': before, ':no': false },
      });
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  async recordHandedOver(group: Group, number: number, role: string): Promise<void> {
    await this.#update(keyOf(group, sealedPart(number)), {
      UpdateExpression: 'ADD #handedOver :role',
      ExpressionAttributeNames: { '#handedOver': 'handedOver' },
      ExpressionAttributeValues: { ':role': new Set([role]) },
    });
  }

  async markDone(group: Group, number: number): Promise<void> {
    await this.#update(keyOf(group, sealedPart(number)), {
      UpdateExpression: 'SET #isDone = :yes',
      ExpressionAttributeNames: { '#isDone': 'isDone' },
      ExpressionAttributeValues: { ':yes': true },
    });
  }

  /** Writes an item, unless it exists. */
  async #put(item: Readonly<Record<string, unknown>>): Promise<void> {
    const Item = { ...item, version: 1, [timeToLive]: Math.floor(Date.now() / 1000) + retention };
    try {
      await this.#client.send(
        new PutCommand({
          TableName: this.#table,
          Item,
          ConditionExpression: 'attribute_not_exists(#id)',
          ExpressionAttributeNames: { '#id': partitionKey },
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  async #update(
    Key: Record<string, string>,
    expressions: Omit<ConstructorParameters<typeof UpdateCommand>[0], 'TableName' | 'Key'>,
  ): Promise<void> {
    await this.#client.send(new UpdateCommand({ TableName: this.#table, Key, ...expressions }));
  }
}

function keyOf(group: Group, part: string): Record<string, string> {
  return { [partitionKey]: group.id, [sortKey]: `${prefixOf(group)}#${part}` };
}

function prefixOf({ kind, pass }: Group): string {
  return `report#${kind}#${String(pass).padStart(6, '0')}`;
}

const eventPart = (eventId: string) => `event#${eventId}`;
const sealedPart = (number: number) => `sealed#${String(number).padStart(4, '0')}`;
