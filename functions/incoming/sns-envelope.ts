/**
 * Amazon SNS's envelope around a message, without raw message delivery.
 */

import { Fields, isString } from '../request/fields.ts';
import { RequestError } from '../request/request-error.ts';

/** Whether a value is an SNS envelope. */
export function isSnsEnvelope(value: object): boolean {
  return 'Type' in value && 'TopicArn' in value;
}

/**
 * Returns the message in an envelope.
 *
 * @throws RequestError if it is not a notification
 */
export function openSnsEnvelope(value: object): string {
  const envelope = new Fields('', value);
  const type = envelope.require('Type', isString, '"Notification"');
  if (type === 'SubscriptionConfirmation') {
    const topic = envelope.require('TopicArn', isString, 'the ARN of a topic');
    throw new RequestError(
      'Type',
      `the topic ${topic} asks to confirm its subscription; until then it sends no messages`,
    );
  }
  if (type !== 'Notification') throw new RequestError('Type', `"${type}" is not allowed; expected "Notification"`);
  return envelope.require('Message', isString, 'the message as text');
}
