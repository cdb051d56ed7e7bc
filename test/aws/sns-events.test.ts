import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SnsEvents } from '../../functions/aws/sns-events.ts';
import { delayEvents } from '../../functions/queue/disposition/delay-event.ts';
import { rejectEvents } from '../../functions/queue/disposition/reject-event.ts';
import { TopicSubscriber } from '../../infra/local/topic-subscriber.ts';
import { makeEvent, makeItem } from '../support/delivery-item.ts';
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

test('an event arrives complete, with the attributes that a filter policy can match', async () => {
  const event = makeEvent('e1');
  await new SnsEvents(aws.clients.sns, aws.emulators.bounceTopicArn).publish(event);
  await subscriber.received.waitUntil((items) => items.length === 1);
  const [received] = subscriber.received.take();
  assert.deepEqual(received?.message, event);
  assert.deepEqual(received?.attributes, {
    class: 'bounce',
    eventType: 'Bounce',
    notificationType: 'Bounce',
    bounceType: 'Permanent',
    bounceSubType: 'General',
    transport: 'lmtp',
    destination: 'inet:[127.0.0.1]:24',
  });
});

test('a delay event has its type among the attributes, and an absent value is left out', async () => {
  const item = makeItem({ destination: '' });
  const verdict = { status: 'deferred', dsn: '4.2.2', text: 'full' } as const;
  const recipient = { n: 0, address: 'bob@example.com' };
  const facts = { item, attempt: 1, now: item.arrival, reportingMta: 'mx.example', transport: 'lmtp' };
  const [event] = delayEvents([{ recipient, verdict }], facts, { maximal_queue_lifetime: 1000 });
  assert.ok(event);
  await new SnsEvents(aws.clients.sns, aws.emulators.bounceTopicArn).publish(event);
  await subscriber.received.waitUntil((items) => items.length === 2);
  const [received] = subscriber.received.take();
  assert.deepEqual(received?.message, event);
  assert.deepEqual(received?.attributes, {
    class: 'delay',
    eventType: 'DeliveryDelay',
    delayType: 'MailboxFull',
    transport: 'lmtp',
  });
});

test('a reject event has its class and type among the attributes', async () => {
  const facts = {
    item: makeItem(),
    attempt: 0,
    now: makeItem().arrival,
    reportingMta: 'mx.example',
    transport: 'lmtp',
  };
  const recipient = { n: 0, address: 'bob@example.com' };
  const verdict = { dsn: '5.7.1', text: 'discarded' } as const;
  const [event] = rejectEvents([{ recipient, verdict }], facts);
  assert.ok(event);
  await new SnsEvents(aws.clients.sns, aws.emulators.bounceTopicArn).publish(event);
  await subscriber.received.waitUntil((items) => items.length === 3);
  const [received] = subscriber.received.take();
  assert.deepEqual(received?.message, event);
  assert.deepEqual(received?.attributes, {
    class: 'reject',
    eventType: 'Reject',
    transport: 'lmtp',
    destination: 'inet:[127.0.0.1]:24',
  });
});

test('a missing topic is an error: the event stays pending', async () => {
  const lost = new SnsEvents(aws.clients.sns, `${aws.emulators.bounceTopicArn}-lost`);
  await assert.rejects(lost.publish(makeEvent('e2')), { name: /NotFound/ });
});
