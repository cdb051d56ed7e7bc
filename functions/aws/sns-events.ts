/**
 * Events through SNS, with attributes for filter policies.
 */

import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { QueueEvent } from '../queue/event.ts';
import type { Events } from '../queue/ports.ts';

/** The bounce topic. */
export class SnsEvents implements Events {
  readonly #client: SNSClient;
  readonly #topicArn: string;

  constructor(client: SNSClient, topicArn: string) {
    this.#client = client;
    this.#topicArn = topicArn;
  }

  async publish(event: QueueEvent): Promise<void> {
    const attributes = attributesOf(event);
    await this.#client.send(
      new PublishCommand({
        TopicArn: this.#topicArn,
        Message: JSON.stringify(event),
        MessageAttributes: Object.fromEntries(
          Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
        ),
      }),
    );
  }
}

function attributesOf(event: QueueEvent): Readonly<Record<string, string>> {
  const { notificationType, lmtp } = event;
  const shared = { notificationType, transport: lmtp.transport };
  if (notificationType !== 'Bounce') return shared;
  const { bounceType, bounceSubType } = event.bounce;
  return { ...shared, bounceType, bounceSubType };
}
