/** Deferred, and sent at the second attempt; and the lines and events about it. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PurgeQueueCommand } from '@aws-sdk/client-sqs';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { awaitLines, awaitState, patience, submitMail } from '../support/story.ts';
import { waitUntil } from '../support/wait-until.ts';

let stack: LocalStack;

before(async () => {
  stack = await startLocalStack({
    parameters: { minimal_backoff_time: '2s' },
    sweepInterval: 0,
    mailStore: {
      verdict: (recipient, seen) =>
        recipient.startsWith('busy') && seen === 0
          ? { at: 'content', code: 452, text: '4.2.2 Mailbox full, try again' }
          : undefined,
    },
  });
});
after(() => stack?.close());

test('a deferred recipient is sent at the second attempt, and the others are not tried again', async () => {
  await submitMail(stack, { id: 'twice', recipients: ['bob@x', 'busy@x'] });
  const lines = await awaitLines(stack, 'twice', 3);
  assert.deepEqual(
    lines.map(({ recipient, status, dsn, attempt }) => [recipient, status, dsn, attempt]),
    [
      ['bob@x', 'sent', '2.0.0', 1],
      ['busy@x', 'deferred', '4.2.2', 1],
      ['busy@x', 'sent', '2.0.0', 2],
    ],
  );
  const [, deferred, sent] = lines;
  assert.match(
    deferred?.text ?? '',
    /^host 127\.0\.0\.1\[127\.0\.0\.1\] said: 452 4\.2\.2 Mailbox full, try again \(in reply to end of DATA command\)$/,
  );
  assert.ok((sent?.delay ?? 0) >= 2, 'after the back-off, not before');
  assert.equal((await readdir(join(stack.mailStore.maildirOf('bob@x'), 'new'))).length, 1);
  const [item] = await awaitState(stack, 'twice', 'done');
  assert.partialDeepStrictEqual(item, { attempt: 2, generation: 2, pending: {} });
  assert.ok(!('due' in (item ?? {})), 'it is not due any more');
  assert.deepEqual(stack.events.items, []);
});

test('the sweep finds a lost wake-up', async () => {
  await submitMail(stack, { id: 'lost', recipients: ['busy-lost@x'] });
  await awaitLines(stack, 'lost', 1);
  // The wake-up is sent after the line is written.
  await waitUntil('the wake-up is sent', () => stack.inspectQueue('deferred').delayed.length > 0, patience);
  await stack.clients.sqs.send(new PurgeQueueCommand({ QueueUrl: stack.outputs.DeferredQueueUrl }));
  assert.deepEqual(stack.inspectQueue('deferred').delayed, []);
  assert.deepEqual(await stack.sweep(), { kind: 'returned', value: null });
  const lines = await awaitLines(stack, 'lost', 2);
  assert.deepEqual(
    lines.map(({ status, attempt }) => [status, attempt]),
    [
      ['deferred', 1],
      ['sent', 2],
    ],
  );
});
