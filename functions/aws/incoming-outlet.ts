/**
 * Mail of our own, into the incoming queue: the mail into the message bucket, and a request for it.
 */

import { PutObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { ownPrefixes } from '../incoming/own-objects.ts';
import type { IncomingOutlet, Parcel } from '../report/ports.ts';

/** Where the mail goes. */
export interface IncomingPlaces {
  readonly bucket: string;
  readonly queueUrl: string;
}

/** The way over S3 and SQS. */
export class S3IncomingOutlet implements IncomingOutlet {
  readonly #clients: { readonly s3: S3Client; readonly sqs: SQSClient };
  readonly #places: IncomingPlaces;

  constructor(clients: { readonly s3: S3Client; readonly sqs: SQSClient }, places: IncomingPlaces) {
    this.#clients = clients;
    this.#places = places;
  }

  async send(parcel: Parcel): Promise<void> {
    const { bucket, queueUrl } = this.#places;
    const key = `${ownPrefixes.reports}${parcel.reportId}.eml`;
    await this.#putOnce(bucket, key, parcel.content);
    const MessageBody = JSON.stringify(requestFor(parcel, { bucket, key }));
    await this.#clients.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
  }

  /**
   * An object that is there stays: a request for it may have been taken in, and must find the octets that it was taken in
   * with. They are the same in all but one case: another release made the first.
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

/** The same for every copy of the mail, so that admission knows a copy for what it is. */
function requestFor(parcel: Parcel, message: { readonly bucket: string; readonly key: string }): object {
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
