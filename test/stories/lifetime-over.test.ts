/** A message that was tried for its lifetime expires: two lines in the log, and a Transient bounce. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bounceOf } from '../support/bounce-of.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { awaitEvent, awaitLines, awaitState, linesOf, submitMail } from '../support/story.ts';

let stack: LocalStack;

before(async () => {
  stack = await startLocalStack({
    parameters: { minimal_backoff_time: '1s', maximal_queue_lifetime: '1s', bounce_queue_lifetime: '0s' },
    mailStore: { verdict: () => ({ at: 'RCPT', code: 450, text: '4.2.0 Come back later' }) },
  });
});
after(() => stack?.close());

test('a message that is too old at its last deferral is deferred and expired, and its sender gets a report', async () => {
  await submitMail(stack, { id: 'old', recipients: ['bob@x'] });
  const event = await awaitEvent(stack, 'old');
  const { mail } = event;
  const bounce = bounceOf(event);
  // One attempt if the first was slow, two as a rule; the last has two lines.
  const lines = linesOf(stack, 'old');
  const [deferred, expired] = lines.slice(-2);
  assert.deepEqual([deferred?.status, expired?.status], ['deferred', 'expired']);
  assert.deepEqual({ ...deferred, status: 'expired' }, expired, 'the second line repeats the first');
  assert.equal(expired?.dsn, '4.2.0');
  assert.equal(expired?.attempt, lines.length - 1);
  assert.ok(lines.slice(0, -1).every(({ status }) => status === 'deferred'));
  assert.partialDeepStrictEqual(bounce, { bounceType: 'Transient', bounceSubType: 'General' });
  assert.deepEqual(bounce.bouncedRecipients, [
    {
      emailAddress: 'bob@x',
      action: 'failed',
      status: '4.2.0',
      diagnosticCode: `smtp; ${expired?.text}`,
    },
  ]);
  assert.deepEqual([mail.source, mail.messageId, mail.destination], ['alice@example.org', 'old', ['bob@x']]);
  const [item] = await awaitState(stack, 'old', 'done');
  assert.partialDeepStrictEqual(item?.recipients, [{ last: { status: 'expired' } }]);
});

test('mail from the null sender has its own lifetime', async () => {
  await submitMail(stack, { id: 'null', sender: '', recipients: ['bob@x'] });
  const lines = await awaitLines(stack, 'null', 2);
  assert.deepEqual(
    lines.map(({ status, attempt }) => [status, attempt]),
    [
      ['deferred', 1],
      ['expired', 1],
    ],
  );
});

test('a message with an arrival days ago gets one attempt, and no other', async () => {
  const arrival = new Date(Date.now() - 6 * 86_400_000).toISOString();
  await submitMail(stack, { id: 'days', arrival, recipients: ['bob@x'] });
  const lines = await awaitLines(stack, 'days', 2);
  assert.deepEqual(
    lines.map(({ status }) => status),
    ['deferred', 'expired'],
  );
  assert.ok((lines[0]?.delay ?? 0) >= 6 * 86_400);
});
