/**
 * Sends mail of the stack through its incoming queue: stores it in the message bucket, and sends a request for it.
 */

import type { S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { ownPrefixes } from '../incoming/own-objects.ts';
import type { IncomingOutlet, OutgoingMail } from '../report/ports.ts';
import { putOnce } from './s3-content-store.ts';

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
    // The object of another release may differ, and its request may have been admitted.
    await putOnce(this.#clients.s3, { bucket, key }, parcel.content);
    const MessageBody = JSON.stringify(requestFor(parcel, { bucket, key }));
    await this.#clients.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
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
