import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SnsEvents } from '../../functions/aws/sns-events.ts';
import { TopicSubscriber } from '../../infra/local/topic-subscriber.ts';
import { makeEvent } from '../support/delivery-item.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';

let aws: EmulatedClients;
let subscriber: TopicSubscriber;

before(async () => {
  aws = await startEmulatedClients();
  subscriber = new TopicSubscriber(aws.emulators.clients.sqs, aws.emulators.queues.events.url);
});
after(async () => {
  await subscriber?.stop();
  await aws?.[Symbol.asyncDispose]();
});

test('an event comes whole, with the attributes that a filter policy can look at', async () => {
  const event = makeEvent('e1');
  await new SnsEvents(aws.clients.sns, aws.emulators.bounceTopicArn).publish(event);
  await subscriber.received.waitUntil((items) => items.length === 1);
  const [received] = subscriber.received.take();
  assert.deepEqual(received?.message, event);
  assert.deepEqual(received?.attributes, {
    notificationType: 'Bounce',
    bounceType: 'Permanent',
    bounceSubType: 'NoEmail',
    transport: 'lmtp',
  });
});

test('a topic that is not there is an error: the event stays pending', async () => {
  const lost = new SnsEvents(aws.clients.sns, `${aws.emulators.bounceTopicArn}-lost`);
  await assert.rejects(lost.publish(makeEvent('e2')), { name: /NotFound/ });
});
