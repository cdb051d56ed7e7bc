/**
 * Records corrupt requests: a copy in S3 and an item in the table, which stay, and a notice in SQS for the operator.
 *
 * The notice is the request as received, with the reason as a message attribute. If both do not fit into one message,
 * or SQS would refuse the characters of the request, the notice refers to the copy.
 */

import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { ownPrefixes } from '../incoming/own-objects.ts';
import { aliasOf } from '../operator/parse-corrupt-request.ts';
import { corruptIndexKey } from '../queue/items/index-attributes.ts';
import type { CorruptNotice, CorruptQueue } from '../queue/items/ports.ts';
import { time } from '../queue/items/waiting-order.ts';
import { escapeControls } from '../smtp/control-characters.ts';
import { beginningOf } from '../smtp/ends.ts';

/** Octets of an SQS message, attributes included. */
const messageOctets = 1024 * 1024;
/** Octets of a stored reason. */
const reasonOctets = 2000;

/** Bucket, table and queue of corrupt requests. */
export interface CorruptPlaces {
  readonly bucket: string;
  readonly table: string;
  readonly queueUrl: string;
}

/** The corrupt queue. */
export class S3CorruptQueue implements CorruptQueue {
  readonly #clients: { readonly s3: S3Client; readonly sqs: SQSClient; readonly table: DynamoDBDocumentClient };
  readonly #places: CorruptPlaces;

  constructor(
    clients: { readonly s3: S3Client; readonly sqs: SQSClient; readonly table: DynamoDBDocumentClient },
    places: CorruptPlaces,
  ) {
    this.#clients = clients;
    this.#places = places;
  }

  /**
   * Records a corrupt request. Each step may be repeated; the notice is last, so that an operator who sees it finds the
   * rest.
   */
  async file({ id, requestId, reason, body, sent, isDelivery }: CorruptNotice): Promise<void> {
    const { bucket, table, queueUrl } = this.#places;
    const copy = { bucket, key: `${ownPrefixes.corrupt}${id}.json` };
    const short = cut(attributeText(reason));
    await this.#clients.s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: copy.key, Body: body, ContentType: 'application/json' }),
    );
    const at = Date.now();
    const item = {
      ...{ id, delivery: 'corrupt', version: 1, state: 'corrupt', reason: short, copy, at },
      ...(sent === undefined ? {} : { sent }),
      ...(requestId === undefined ? {} : { requestId }),
      // The remainder of a delivery is listed as that delivery.
      ...(isDelivery === true ? {} : { waits: corruptIndexKey, order: time(sent ?? at), arrival: sent ?? at }),
    };
    await this.#clients.table.send(new PutCommand({ TableName: table, Item: item }));
    if (requestId !== undefined) {
      const alias = { id: requestId, delivery: aliasOf(id), version: 1, corrupt: id };
      await this.#clients.table.send(new PutCommand({ TableName: table, Item: alias }));
    }
    await this.#clients.sqs.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: isSendable(body) && fits(body, short) ? body : JSON.stringify({ version: 1, id, copy }),
        MessageAttributes: {
          reason: { DataType: 'String', StringValue: short },
          copy: { DataType: 'String', StringValue: `s3://${bucket}/${copy.key}` },
        },
      }),
    );
  }
}

/** SQS accepts only the characters of XML 1.0; JSON escapes in a request may name others. */
function isSendable(body: string): boolean {
  return body !== '' && !/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(body);
}

function fits(body: string, reason: string): boolean {
  return Buffer.byteLength(body) + Buffer.byteLength(reason) + 1000 < messageOctets;
}

/** SQS accepts no control characters in an attribute. */
function attributeText(reason: string): string {
  return escapeControls(reason).replace(/[\ufffe\uffff]/g, '?') || 'unknown';
}

function cut(reason: string): string {
  if (Buffer.byteLength(reason) <= reasonOctets) return reason;
  return `${beginningOf(reason, reasonOctets)}...`;
}
