import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DynamoDbNoticeCounts } from '../../functions/aws/dynamodb-notice-counts.ts';
import { SnsNotices } from '../../functions/aws/sns-notices.ts';
import type { Notice } from '../../functions/notices/notice.ts';
import { TopicSubscriber } from '../../infra/local/topic-subscriber.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';

let aws: EmulatedClients;
let subscriber: TopicSubscriber;

before(async () => {
  aws = await startEmulatedClients();
  subscriber = new TopicSubscriber(aws.emulators.clients.sqs, aws.emulators.queues.notices.url);
});
after(async () => {
  await subscriber?.stop();
  await aws?.[Symbol.asyncDispose]();
});

test('a notice arrives complete, with its class as an attribute', async () => {
  const notice: Notice = {
    version: 1,
    kind: 'notice',
    id: 'n1',
    class: 'protocol',
    subject: `odd words: \u{1f4ec} ${'x'.repeat(200)}`,
    time: '2026-11-22T08:00:00.000Z',
    transport: 'lmtp',
    destination: 'inet:mail.example:24',
    transcript: ['In:  220 grüß Gott'],
    count: 3,
  };
  await new SnsNotices(aws.clients.sns, aws.emulators.noticeTopicArn).publish(notice);
  await subscriber.received.waitUntil((items) => items.length === 1);
  const [received] = subscriber.received.take();
  assert.deepEqual(received?.message, notice);
  assert.deepEqual(received?.attributes, { class: 'protocol', transport: 'lmtp', destination: 'inet:mail.example:24' });
});

test('one of several containers sends the notice, with the count of all', async () => {
  const counts = () => new DynamoDbNoticeCounts(aws.clients.table, aws.emulators.table);
  const now = Date.UTC(2026, 10, 22);
  const first = await Promise.all(Array.from({ length: 5 }, () => counts().count('protocol#x', 1, now, 1000)));
  const told = first.filter((count) => count !== undefined);
  assert.equal(told.length, 1);
  assert.equal(await counts().count('protocol#x', 4, now + 999, 1000), undefined);
  const later = (await counts().count('protocol#x', 1, now + 1000, 1000)) ?? 0;
  assert.equal((told[0] ?? 0) + later, 10);
  assert.equal(await counts().count('policy#x', 1, now, 1000), 1);
});
