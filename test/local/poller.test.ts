import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { PurgeQueueCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import type { InvocationResult } from '../../infra/local/container.ts';
import { type Emulators, startEmulators } from '../../infra/local/emulators.ts';
import { Poller, type PollerOptions } from '../../infra/local/poller.ts';

let aws: Emulators;
let poller: Poller | undefined;

before(async () => {
  aws = await startEmulators({ visibilityTimeouts: { incoming: 1, active: 1 } });
});
beforeEach(async () => {
  for (const { url } of Object.values(aws.queues)) await aws.clients.sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
});
afterEach(async () => {
  await poller?.stop();
  poller = undefined;
});
after(() => aws.close());

type Queue = 'incoming' | 'active';

async function send(queue: Queue, body: string, group?: string): Promise<void> {
  const fifo =
    group === undefined ? {} : { MessageGroupId: group, MessageDeduplicationId: `${group}-${body}-${Math.random()}` };
  const MessageAttributes = { kind: { DataType: 'String', StringValue: 'test' } };
  const { url: QueueUrl } = aws.queues[queue];
  await aws.clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body, MessageAttributes, ...fifo }));
}

const succeed = (value: unknown = null): InvocationResult => ({ kind: 'returned', value });
const fail: InvocationResult = { kind: 'failed', errorType: 'Error', errorMessage: 'thrown', trace: '' };
const bodies = (event: SQSEvent) => event.Records.map(({ body }) => body);
const failing = (...itemIdentifiers: unknown[]) =>
  succeed({ batchItemFailures: itemIdentifiers.map((itemIdentifier) => ({ itemIdentifier })) });

/** Polls a queue with a handler of the test; resolves to its batches once `enough` accepts them. */
function poll(
  queue: Queue,
  answer: (event: SQSEvent, nth: number) => InvocationResult | Promise<InvocationResult>,
  enough: (batches: readonly SQSEvent[]) => boolean,
  options: Partial<PollerOptions> = {},
): Promise<readonly SQSEvent[]> {
  const { promise, resolve } = Promise.withResolvers<readonly SQSEvent[]>();
  const batches: SQSEvent[] = [];
  poller = new Poller({
    client: aws.clients.sqs,
    queueUrl: aws.queues[queue].url,
    queueArn: aws.queues[queue].arn,
    batchSize: 10,
    maximumConcurrency: 2,
    backOff: { first: 20, longest: 1000 },
    ...options,
    invoke: async (event) => {
      batches.push(event);
      const result = await answer(event, batches.length);
      if (enough(batches)) resolve(batches);
      return result;
    },
  });
  poller.start();
  return promise;
}

/** Returns the messages left in a queue after the poller has stopped. */
async function remaining(queue: Queue): Promise<readonly string[]> {
  await poller?.stop();
  const { ready, inFlight } = aws.inspectQueue(queue);
  return [...ready, ...inFlight].map(({ body }) => body).sort();
}

test('the function gets records in the form of Lambda', async () => {
  await send('active', 'a1', 'a');
  const [batch] = await poll(
    'active',
    () => succeed(),
    (batches) => batches.length === 1,
  );
  const record = batch?.Records[0];
  assert.ok(record);
  const { messageId, receiptHandle, attributes, md5OfMessageAttributes, ...rest } = record;
  assert.ok(messageId && receiptHandle && md5OfMessageAttributes);
  assert.deepEqual(rest, {
    body: 'a1',
    md5OfBody: '8a8bb7cd343aa2ad99b7d762030857a2',
    messageAttributes: {
      kind: { stringValue: 'test', stringListValues: [], binaryListValues: [], dataType: 'String' },
    },
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:active.fifo',
    awsRegion: 'us-east-1',
  });
  assert.equal(attributes.MessageGroupId, 'a');
  assert.equal(attributes.ApproximateReceiveCount, '1');
  assert.ok(Math.abs(Number(attributes.SentTimestamp) - Date.now()) < 5000);
});

test('a batch contains several messages of one group, in order, beside those of another', async () => {
  for (const body of ['a1', 'a2', 'a3']) await send('active', body, 'a');
  await send('active', 'b1', 'b');
  const [batch] = await poll(
    'active',
    () => succeed(),
    (batches) => batches.length === 1,
  );
  assert.deepEqual(batch && bodies(batch), ['a1', 'a2', 'a3', 'b1']);
  assert.deepEqual(await remaining('active'), []);
});

test('a group in flight yields nothing more, while other groups go on', async () => {
  await send('active', 'a1', 'a');
  const release = Promise.withResolvers<InvocationResult>();
  const order: string[] = [];
  const done = poll(
    'active',
    async (event) => {
      order.push(...bodies(event));
      if (!bodies(event).includes('a1')) return succeed();
      await send('active', 'a2', 'a');
      await send('active', 'b1', 'b');
      return release.promise;
    },
    () => order.includes('b1'),
  );
  await done;
  assert.deepEqual(order, ['a1', 'b1']);
  release.resolve(succeed());
});

test('messages of a group that return do so in their order', async () => {
  for (const body of ['a1', 'a2', 'a3']) await send('active', body, 'a');
  const everything = (event: SQSEvent) => failing(...event.Records.map(({ messageId }) => messageId));
  const batches = await poll(
    'active',
    (event, nth) => (nth === 1 ? everything(event) : succeed()),
    (all) => all.length === 2,
  );
  assert.deepEqual(batches.map(bodies), [
    ['a1', 'a2', 'a3'],
    ['a1', 'a2', 'a3'],
  ]);
  assert.equal(batches[1]?.Records[0]?.attributes.ApproximateReceiveCount, '2');
});

test('messages that the function reports as failed stay, the rest of the batch is deleted', async () => {
  for (const body of ['one', 'two', 'three']) await send('incoming', body);
  await poll(
    'incoming',
    (event) => failing(...event.Records.filter(({ body }) => body === 'two').map(({ messageId }) => messageId)),
    (batches) => batches.flatMap(bodies).length >= 3,
  );
  assert.deepEqual(await remaining('incoming'), ['two']);
});

for (const [name, answer, left] of [
  ['an unknown identifier', failing('no-such-message'), ['one']],
  ['an empty identifier', failing(''), ['one']],
  ['an identifier that is not a string', failing(7), ['one']],
  ['a response that is not an object', succeed('done'), ['one']],
  ['an empty list', failing(), []],
  ['no answer', succeed(), []],
] as const) {
  test(`${name} ${left.length > 0 ? 'keeps the whole batch' : 'finishes the whole batch'}`, async () => {
    await send('incoming', 'one');
    await poll(
      'incoming',
      () => answer,
      (batches) => batches.length === 1,
    );
    assert.deepEqual(await remaining('incoming'), left);
  });
}

test('a thrown error keeps the batch, and the source slows down until invocations succeed', async () => {
  const times: number[] = [];
  for (const body of ['one', 'two', 'three', 'four']) await send('incoming', body);
  await poll(
    'incoming',
    (_, nth) => {
      times.push(performance.now());
      return nth <= 3 ? fail : succeed();
    },
    (batches) => batches.length === 4,
    { batchSize: 1, maximumConcurrency: 1, backOff: { first: 40, longest: 1000 } },
  );
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  for (const [index, wanted] of [40, 80, 160].entries()) {
    assert.ok((pauses[index] ?? 0) >= wanted - 2, `pause ${index} of ${pauses} is at least ${wanted} ms`);
  }
  assert.deepEqual(await remaining('incoming'), ['one', 'three', 'two']);
});

test('a failed invocation halves the concurrency, a successful one adds one', async () => {
  const places: (number | undefined)[] = [];
  for (const body of ['one', 'two', 'three']) await send('incoming', body);
  await poll(
    'incoming',
    (_, nth) => {
      places.push(poller?.places);
      return nth === 1 ? fail : succeed();
    },
    (batches) => batches.length === 3,
    { batchSize: 1, maximumConcurrency: 4 },
  );
  assert.equal(places[0], 4);
  assert.ok(places.includes(2), `places were ${places}`);
});

test('invocations run at most at the configured concurrency, and batches have at most the configured size', async () => {
  for (let number = 0; number < 8; number++) await send('incoming', String(number));
  let most = 0;
  const batches = await poll(
    'incoming',
    async () => {
      most = Math.max(most, poller?.running ?? 0);
      await new Promise((soon) => setTimeout(soon, 20));
      return succeed();
    },
    (all) => all.flatMap(bodies).length === 8,
    { batchSize: 2, maximumConcurrency: 2 },
  );
  assert.ok(batches.every(({ Records }) => Records.length <= 2));
  assert.ok(most <= 2, `${most} at once`);
});

test('stopping waits for the running invocation and leaves the next message to the next receiver', async () => {
  await send('incoming', 'one');
  const started = Promise.withResolvers<void>();
  const release = Promise.withResolvers<InvocationResult>();
  void poll(
    'incoming',
    () => {
      started.resolve();
      return release.promise;
    },
    () => false,
    { maximumConcurrency: 2 },
  );
  await started.promise;
  let stopped = false;
  const stopping = poller?.stop().then(() => {
    stopped = true;
  });
  await new Promise((soon) => setTimeout(soon, 20));
  assert.equal(stopped, false);
  release.resolve(succeed());
  await stopping;
  await send('incoming', 'two');
  const { url: QueueUrl } = aws.queues.incoming;
  const { Messages } = await aws.clients.sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  assert.equal(Messages?.[0]?.Body, 'two', 'the stopped poller received no further message');
});
