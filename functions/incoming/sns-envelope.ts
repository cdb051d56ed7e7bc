/**
 * Amazon SNS's envelope around a message, where raw message delivery is off.
 */

import { Fields, isString } from '../request/fields.ts';
import { RequestError } from '../request/request-error.ts';

/** Whether this is SNS's JSON and not the message itself. */
export function isSnsEnvelope(value: object): boolean {
  return 'Type' in value && 'TopicArn' in value;
}

/**
 * Takes the message out of its envelope.
 *
 * @throws RequestError where it is no notification
 */
export function openSnsEnvelope(value: object): string {
  const envelope = new Fields('', value);
  const type = envelope.require('Type', isString, '"Notification"');
  if (type === 'SubscriptionConfirmation') {
    const topic = envelope.require('TopicArn', isString, 'the ARN of a topic');
    throw new RequestError('Type', `the topic ${topic} wants its subscription confirmed; until then it sends no mail`);
  }
  if (type !== 'Notification') throw new RequestError('Type', `"${type}" is not allowed; wanted is "Notification"`);
  return envelope.require('Message', isString, 'the message as text');
}
