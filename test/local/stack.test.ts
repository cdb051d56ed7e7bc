import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { waitUntil } from '../support/wait-until.ts';

const relay = fileURLToPath(new URL('./handlers/relay.mjs', import.meta.url));
const bundles = { qmgr: relay, lmtp: relay, sweep: relay, bounce: relay };
let stack: LocalStack;

before(async () => {
  stack = await startLocalStack({
    bundles,
    parameters: { minimal_backoff_time: '2s' },
    sweepInterval: 50,
    freeze: true,
  });
});
after(() => stack?.close());

async function submit(id: string, ...recipients: readonly string[]): Promise<void> {
  const message = await stack.putMessage(`in/${id}.eml`, 'Subject: x\r\n\r\nhello\r\n');
  await stack.submit({ version: 1, id, sender: 'a@x', recipients, message });
}

test('a request passes from incoming through active to the delivery log', async () => {
  await submit('first', 'bob@example.com');
  const { recipient, status, text } = await stack.deliveries.waitFor(({ id }) => id === 'first');
  assert.deepEqual([recipient, status], ['bob@example.com', 'sent']);
  assert.equal(text, `21 octets for * lmtp:${stack.mailStore.destination}, minimal backoff 2s`);
});

test('a bounce arrives at the topic as published, with its attributes', async () => {
  await submit('second', 'unknown@example.com');
  await stack.events.waitUntil((events) => events.length === 1);
  const [event] = stack.receiveEvents();
  assert.deepEqual(event?.message, { notificationType: 'Bounce', recipient: 'unknown@example.com' });
  assert.deepEqual(event?.attributes, { action: 'failed' });
  assert.deepEqual(stack.receiveEvents(), []);
});

test('an unusable request is in the corrupt queue with its reason, and stays there', async () => {
  await stack.submit('{ no JSON');
  const [notice] = await waitUntil('a corrupt notice', () => {
    const { ready } = stack.inspectQueue('corrupt');
    return ready.length > 0 && ready;
  });
  assert.equal(notice?.body, '{ no JSON');
  assert.deepEqual(notice?.attributes, { reason: 'the request is not JSON' });
});

test('the sweep runs repeatedly', async () => {
  await stack.log.waitUntil((lines) => lines.filter(({ functionName }) => functionName === 'sweep').length >= 3);
});

test('a large message body is stored completely', async () => {
  const body = Buffer.alloc(20 * 1024 * 1024, 'mail');
  const { bucket: Bucket, key: Key } = await stack.putMessage('in/large.eml', body, { sender: 'a@x' });
  const { Body, Metadata } = await stack.clients.s3.send(new GetObjectCommand({ Bucket, Key }));
  assert.ok(body.equals((await Body?.transformToByteArray()) ?? Buffer.of()));
  assert.deepEqual(Metadata, { sender: 'a@x' });
});

test('deliveries continue in a new container after one is killed', async () => {
  const started = stack.functions.lmtp.started;
  await stack.functions.lmtp.kill();
  await submit('third', 'bob@example.com');
  await stack.deliveries.waitFor(({ id }) => id === 'third');
  assert.equal(stack.functions.lmtp.started, started + 1);
});

test('two stacks at the same time are independent, and a closed one leaves nothing', async () => {
  const other = await startLocalStack({ bundles, sweepInterval: 0 });
  const processes = Object.values(other.functions).flatMap(({ containers }) => containers.map(({ pid }) => pid ?? 0));
  try {
    assert.notEqual(other.outputs.IncomingQueueUrl, stack.outputs.IncomingQueueUrl);
    await submit('fourth', 'bob@example.com');
    await stack.deliveries.waitFor(({ id }) => id === 'fourth');
    assert.deepEqual(other.deliveries.items, []);
  } finally {
    await other.close();
  }
  assert.equal(processes.length, 4);
  for (const pid of processes) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  assert.ok(!existsSync(other.directory));
});
