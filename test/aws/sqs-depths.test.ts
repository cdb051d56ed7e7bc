import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { type NamedQueue, SqsDepths } from '../../functions/aws/sqs-depths.ts';
import { type EmulatedClients, startEmulatedClients } from '../support/emulated-clients.ts';

let aws: EmulatedClients;

before(async () => {
  aws = await startEmulatedClients();
});
after(() => aws?.[Symbol.asyncDispose]());

async function makeQueue(name: string, deadLetters?: string): Promise<string> {
  const target = `arn:aws:sqs:us-east-1:000000000000:${deadLetters}`;
  const redrive = { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: target, maxReceiveCount: 3 }) };
  const Attributes = deadLetters === undefined ? {} : redrive;
  const { QueueUrl = '' } = await aws.clients.sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  return QueueUrl;
}

async function fill(QueueUrl: string, ...delays: readonly number[]): Promise<void> {
  for (const DelaySeconds of delays) {
    await aws.clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', DelaySeconds }));
  }
}

async function depths(...queues: readonly NamedQueue[]) {
  return await new SqsDepths(aws.clients.sqs, queues).read();
}

test('the messages of a queue are counted, delayed or not, and so are those of its dead-letter queue', async () => {
  const letters = await makeQueue('some-dead-letters');
  const url = await makeQueue('some', 'some-dead-letters');
  await fill(url, 0, 0, 500);
  await fill(letters, 0);
  const found = await depths({ name: 'some', kind: 'requests', url });
  assert.deepEqual(found, {
    depths: [
      { name: 'some', kind: 'requests', messages: 3 },
      { name: 'some dead letters', kind: 'dead letters', messages: 1 },
    ],
    unreachable: [],
  });
});

test('a queue that cannot be read is named, and the others are still counted', async () => {
  const url = await makeQueue('alone');
  const absent = url.replace('alone', 'absent');
  const orphan = await makeQueue('orphan', 'lost');
  const found = await depths(
    { name: 'absent', kind: 'requests', url: absent },
    { name: 'alone', kind: 'corrupt', url },
    { name: 'orphan', kind: 'wake-ups', url: orphan },
  );
  assert.deepEqual(found.depths.map(({ name, messages }) => `${name} ${messages}`).sort(), ['alone 0', 'orphan 0']);
  assert.equal(found.unreachable.length, 2);
  assert.match(found.unreachable.toSorted().join('\n'), /^absent: .*\norphan dead letters: /);
});
