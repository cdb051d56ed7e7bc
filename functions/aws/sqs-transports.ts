/**
 * Hands requests on to the incoming queues of other transports.
 */

import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { OtherTransports } from '../incoming/ports.ts';

/** Message attribute with the transport that handed a request on. */
export const handedOnBy = 'handed-on-by';

/** Other transports over SQS. */
export class SqsTransports implements OtherTransports {
  readonly #client: SQSClient;
  readonly #queues: ReadonlyMap<string, string>;
  readonly #ownName: string;

  /**
   * @param queues  URL of the incoming queue by name of the transport
   * @param ownName name of this transport
   */
  constructor(client: SQSClient, queues: ReadonlyMap<string, string>, ownName: string) {
    this.#client = client;
    this.#queues = queues;
    this.#ownName = ownName;
  }

  async send(transport: string, request: string): Promise<void> {
    const QueueUrl = this.#queues.get(transport);
    if (QueueUrl === undefined) throw new Error(`the incoming queue of the transport ${transport} is not known`);
    const MessageAttributes = { [handedOnBy]: { DataType: 'String', StringValue: this.#ownName } };
    await this.#client.send(new SendMessageCommand({ QueueUrl, MessageBody: request, MessageAttributes }));
  }
}
