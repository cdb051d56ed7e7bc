/**
 * Sends mail of the stack through its incoming queue: stores it in the message bucket, and sends a request for it.
 */

import { PutObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { ownPrefixes } from '../incoming/own-objects.ts';
import type { IncomingOutlet, OutgoingMail } from '../report/ports.ts';

/** Bucket and queue. */
export interface IncomingPlaces {
  readonly bucket: string;
  readonly queueUrl: string;
}

/** The outlet over S3 and SQS. */
export class S3IncomingOutlet implements IncomingOutlet {
  readonly #clients: { readonly s3: S3Client; readonly sqs: SQSClient };
  readonly #places: IncomingPlaces;

  constructor(clients: { readonly s3: S3Client; readonly sqs: SQSClient }, places: IncomingPlaces) {
    this.#clients = clients;
    this.#places = places;
  }

  async send(parcel: OutgoingMail): Promise<void> {
    const { bucket, queueUrl } = this.#places;
    const key = `${ownPrefixes.reports}${parcel.reportId}.eml`;
    await this.#putOnce(bucket, key, parcel.content);
    const MessageBody = JSON.stringify(requestFor(parcel, { bucket, key }));
    await this.#clients.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
  }

  /**
   * Writes an object unless it exists. A request for an existing one may have been admitted, and must find the same
   * octets. They differ only if another release made the first.
   */
  async #putOnce(Bucket: string, Key: string, Body: Buffer): Promise<void> {
    try {
      await this.#clients.s3.send(
        new PutObjectCommand({ Bucket, Key, Body, ContentType: 'message/rfc822', IfNoneMatch: '*' }),
      );
    } catch (error) {
      const isThere = error instanceof S3ServiceException && error.$metadata.httpStatusCode === 412;
      if (!isThere) throw error;
    }
  }
}

/** Returns the request. It is the same for each repetition, so that admission recognises duplicates. */
function requestFor(parcel: OutgoingMail, message: { readonly bucket: string; readonly key: string }): object {
  const { reportId, date, envelopeSender, recipient, is8Bit, isInternational } = parcel;
  return {
    version: 1,
    id: reportId,
    arrival: new Date(date).toISOString(),
    sender: envelopeSender,
    recipients: [recipient],
    message,
    body: is8Bit ? '8BITMIME' : '7BIT',
    ...(isInternational ? { smtputf8: true } : {}),
  };
}
