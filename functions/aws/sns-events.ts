/**
 * Publishes events through SNS, with attributes for filter policies.
 */

import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { QueueEvent } from '../queue/items/event.ts';
import type { Events } from '../queue/items/ports.ts';

/** The bounce topic. */
export class SnsEvents implements Events {
  readonly #client: SNSClient;
  readonly #topicArn: string;

  constructor(client: SNSClient, topicArn: string) {
    this.#client = client;
    this.#topicArn = topicArn;
  }

  async publish(event: QueueEvent): Promise<void> {
    // SNS refuses an attribute without a value.
    const attributes = Object.entries(attributesOf(event)).filter(([, value]) => value !== '');
    await this.#client.send(
      new PublishCommand({
        TopicArn: this.#topicArn,
        Message: JSON.stringify(event),
        MessageAttributes: Object.fromEntries(
          attributes.map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
        ),
      }),
    );
  }
}

/**
 * Returns the attributes for filter policies: `class` and `eventType` of each event, `notificationType` of SES
 * notifications, and the types of SES. SQS accepts at most ten with raw delivery.
 */
function attributesOf(event: QueueEvent): Readonly<Record<string, string>> {
  const { kind, transport, destination } = event.lmtp;
  const shared = { class: kind, transport, destination };
  if (event.eventType === 'Reject') return { ...shared, eventType: event.eventType };
  if (event.eventType === 'DeliveryDelay') {
    return { ...shared, eventType: event.eventType, delayType: event.deliveryDelay.delayType };
  }
  const { notificationType } = event;
  const named = { ...shared, eventType: notificationType, notificationType };
  if (notificationType !== 'Bounce') return named;
  const { bounceType, bounceSubType } = event.bounce;
  return { ...named, bounceType, bounceSubType };
}
