/**
 * The story of the outage again, on the local stack: real functions, real poller, real sockets, and short
 * times. 200 messages for a destination whose port is closed at first; others for a healthy one.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { SQSRecordAttributes } from 'aws-lambda';
import { type CountingServer, startCountingServer } from '../support/counting-server.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { prepareMail } from '../support/story.ts';
import { waitUntil } from '../support/wait-until.ts';
import { printFigures, stopwatch } from './print-figures.ts';

const messages = 200;
const others = 60;
const limit = 4;
const dead = 'dead.test';
const well = 'well.test';
const patience = { within: 180_000, every: 50 };

let stack: LocalStack;
let healthy: CountingServer;
let port: number;
/** Batches that contained both destinations. */
let shared = 0;

before(async () => {
  port = await freePort();
  healthy = await startCountingServer({ takes: 100 });
  stack = await startLocalStack({
    transportMap: `${dead} lmtp:inet:127.0.0.1:${port}\n${well} lmtp:${healthy.destination}`,
    parameters: {
      lmtp_destination_concurrency_limit: String(limit),
      lmtp_initial_destination_concurrency: '2',
      // Deliveries already in active keep the slots of the window at that time: with fewer of them, the
      // window takes effect sooner. And with fewer messages in a group, more groups share a batch.
      qmgr_message_active_limit: '16',
      lmtp_connect_timeout: '2s',
      minimal_backoff_time: '1s',
      maximal_backoff_time: '2s',
    },
    maximumConcurrency: { lmtp: limit + 2 },
    sweepInterval: 10_000,
  });
  const { lmtp } = stack.functions;
  const invoke = lmtp.invoke.bind(lmtp);
  lmtp.invoke = (event) => {
    const { Records } = event as { readonly Records: readonly { readonly attributes: SQSRecordAttributes }[] };
    const destinations = Records.map(({ attributes }) => attributes.MessageGroupId?.split('#')[0]);
    if (new Set(destinations).size > 1) shared += 1;
    return invoke(event);
  };
});
after(async () => {
  await stack?.close();
  await healthy?.[Symbol.asyncDispose]();
});

async function submit(count: number, name: string, domain: string): Promise<void> {
  const { message } = await prepareMail(stack, { id: name, recipients: [] });
  for (let from = 0; from < count; from += 20) {
    await Promise.all(
      Array.from({ length: Math.min(20, count - from) }, async (_, index) => {
        const id = `${name}-${from + index}`;
        await stack.submit({ version: 1, sender: 'alice@example.org', message, id, recipients: [`${id}@${domain}`] });
      }),
    );
  }
}

/** How many of the messages of a name have a line with that status in the log. */
function countOf(status: string, name: string): number {
  const lines = stack.deliveries.items.filter((line) => line.status === status && line.id.startsWith(`${name}-`));
  return new Set(lines.map(({ id }) => id)).size;
}

async function awaitMany(status: string, name: string, count: number): Promise<void> {
  await waitUntil(`${count} of ${name} are ${status}`, () => countOf(status, name) >= count, patience);
}

test('an outage on the local stack: others flow, and waiting mail is delivered within the limit, each message once', async (t) => {
  const taken = stopwatch();
  await submit(messages, 'late', dead);
  await submit(others, 'first', well);
  await awaitMany('sent', 'first', others);
  await awaitMany('deferred', 'late', messages / 2);
  const attempts = stack.deliveries.items.filter(({ status }) => status === 'deferred');
  const met = attempts.filter(({ text }) => text.startsWith('connect to '));

  // It recovers while there is much mail for the other one: batches are full, and both share them.
  await using server = await startCountingServer({ port, takes: 50 });
  await submit(others, 'second', well);
  await awaitMany('sent', 'second', others);
  const waiting = messages - countOf('sent', 'late');
  await awaitMany('sent', 'late', messages);

  const doubled = [...server.taken.values(), ...healthy.taken.values()].filter((times) => times > 1).length;
  printFigures(t, {
    attempts: stack.deliveries.items.length,
    'in vain': attempts.length,
    'of those with a connection': met.length,
    'most at once': `${server.mostAtOnce()} of ${limit}`,
    'batches that both shared': shared,
    'still waiting when the healthy one had all': waiting,
    lost: messages - server.taken.size,
    doubled,
    took: taken(),
  });
  assert.equal(server.taken.size, messages);
  assert.equal(healthy.taken.size, 2 * others);
  assert.equal(doubled, 0);
  assert.ok(met.length < attempts.length / 4, 'most were deferred without a connection to the dead destination');
  assert.ok(server.mostAtOnce() > 1 && server.mostAtOnce() <= limit, `${server.mostAtOnce()} at once`);
  assert.ok(healthy.mostAtOnce() <= limit, `${healthy.mostAtOnce()} at once`);
  assert.ok(waiting > 0, 'the healthy destination did not wait for the other');
  assert.ok(shared > 0, 'both shared a batch');
});
