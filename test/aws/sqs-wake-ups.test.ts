import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { SendMessageCommandInput } from '@aws-sdk/client-sqs';
import { SqsWakeUps } from '../../functions/aws/sqs-wake-ups.ts';
import { parseWakeUp } from '../../functions/queue/items/messages.ts';
import { makeItem } from '../support/delivery-item.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';

let aws: EmulatedClients;
let wakeUps: SqsWakeUps;
/** Messages that SQS received. */
const sent: SendMessageCommandInput[] = [];

before(async () => {
  aws = await startEmulatedClients();
  const { active, deferred } = aws.emulators.queues;
  aws.clients.sqs.middlewareStack.add(
    (next) => (args) => {
      sent.push(args.input as SendMessageCommandInput);
      return next(args);
    },
    { step: 'initialize' },
  );
  wakeUps = new SqsWakeUps(aws.clients.sqs, { active: active.url, deferred: deferred.url });
});
after(() => aws?.[Symbol.asyncDispose]());

const key = { id: '4bXq1', delivery: '0000', generation: 3 };

/** Milliseconds requested, seconds sent: never early, never longer than SQS can delay. */
const delays: readonly (readonly [number, number])[] = [
  [0, 0],
  [-5000, 0],
  [1, 1],
  [999.5, 1],
  [1000, 1],
  [1001, 2],
  [899_001, 900],
  [900_000, 900],
  [900_001, 900],
  [5 * 86_400_000, 900],
];

for (const [milliseconds, seconds] of delays) {
  test(`a wake-up due in ${milliseconds} ms is sent to arrive after ${seconds} s`, async () => {
    await wakeUps.wake(key, milliseconds);
    assert.equal(sent.at(-1)?.DelaySeconds, seconds);
  });
}

test('a wake-up names its delivery and generation, and nothing of the mail', async () => {
  await wakeUps.wake(makeItem(key), 0);
  const { MessageBody = '', QueueUrl } = sent.at(-1) ?? {};
  assert.deepEqual(parseWakeUp(MessageBody), { version: 1, ...key });
  assert.equal(MessageBody, '{"version":1,"id":"4bXq1","delivery":"0000","generation":3}');
  assert.equal(QueueUrl, aws.emulators.queues.deferred.url);
});

test('a delivery enters the active queue in the message group of its slot', async () => {
  await wakeUps.activate(makeItem({ ...key, group: 'abc#7' }));
  const message = aws.emulators.inspectQueue('active').ready.find(({ groupId }) => groupId === 'abc#7');
  assert.deepEqual(parseWakeUp(message?.body ?? ''), { version: 1, ...key });
});

test('a delivery that is activated twice by accident is in the active queue once; a deliberate copy and a later generation are too', async () => {
  const item = makeItem({ id: 'twice', group: 'abc#8' });
  const inActive = () => aws.emulators.inspectQueue('active').ready.filter(({ groupId }) => groupId === 'abc#8').length;
  await wakeUps.activate(item);
  await wakeUps.activate(item);
  assert.equal(inActive(), 1);
  await wakeUps.activate(item, '2000000');
  assert.equal(inActive(), 2);
  await wakeUps.activate({ ...item, generation: 2 });
  assert.equal(inActive(), 3);
});

test('the longest possible queue id fits into a deduplication id', async () => {
  const item = makeItem({ id: 'x'.repeat(80), delivery: '99999', generation: 1_000_000 });
  await wakeUps.activate(item, String(Date.now()));
  assert.ok((sent.at(-1)?.MessageDeduplicationId ?? '').length <= 128);
});
