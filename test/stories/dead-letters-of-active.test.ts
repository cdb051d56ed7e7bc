/**
 * A delivery that no function could handle returns from the dead letters of active and waits for its next
 * attempt.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { awaitLines, awaitState, patience, submitMail } from '../support/story.ts';
import { waitUntil } from '../support/wait-until.ts';

let stack: LocalStack;
let failures = 0;

before(async () => {
  stack = await startLocalStack({
    bundles: { lmtp: fileURLToPath(new URL('../local/handlers/failing.mjs', import.meta.url)) },
    parameters: { minimal_backoff_time: '1h' },
    visibilityTimeouts: { active: 1 },
    activeReceives: 2,
    sweepInterval: 0,
    onFailure: (name) => {
      if (name === 'lmtp') failures += 1;
    },
  });
});
after(() => stack?.close());

test('a delivery that crashes lmtp is deferred, with words that say so, and its messages are deleted', async () => {
  await submitMail(stack, { id: 'poison', recipients: ['bob@example.com'] });
  const [line] = await awaitLines(stack, 'poison', 1);
  assert.partialDeepStrictEqual(line, { status: 'deferred', dsn: '4.3.0' });
  const [item] = await awaitState(stack, 'poison', 'deferred');
  assert.equal(item?.deadLetters, 1);
  assert.equal(failures, 2, 'the receive count is that of the queue');
  const isEmpty = (name: 'active' | 'activeDeadLetters') =>
    Object.values(stack.inspectQueue(name)).every((messages) => messages.length === 0);
  await waitUntil(
    'active and its dead letters are empty',
    () => isEmpty('active') && isEmpty('activeDeadLetters'),
    patience,
  );
});
