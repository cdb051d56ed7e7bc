/** DynamoDB refuses calls during deliveries: before content nothing is counted, after it nothing is doubled. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { awaitLines, awaitState, linesOf, submitMail } from '../support/story.ts';
import { startThrottlingTable, type ThrottlingTable } from '../support/throttling-table.ts';

let table: ThrottlingTable;
let stack: LocalStack;
let onSaved: () => void = () => {};
const saved: string[] = [];

before(async () => {
  table = await startThrottlingTable();
  stack = await startLocalStack({
    environment: { AWS_ENDPOINT_URL_DYNAMODB: table.url },
    timeouts: { lmtp: 60_000 },
    sweepInterval: 0,
    mailStore: {
      onSaved: (recipients) => {
        saved.push(...recipients);
        onSaved();
      },
    },
  });
  table.target = stack.environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? '';
});
after(async () => {
  await stack?.close();
  await table?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  onSaved = () => {};
  table.isRefused = () => false;
});

/** Every call of the lmtp function is refused, from now on and for so many milliseconds. */
function throttle(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  table.isRefused = ({ caller }) => caller === 'lmtp' && performance.now() < end;
}

test('the table is throttled for ten seconds from the moment at which the server has the message, and nothing is doubled', async () => {
  onSaved = () => throttle(10_000);
  const refusedBefore = table.refused;
  await submitMail(stack, { id: 'after', recipients: ['bob@x', 'carol@x'] });
  const lines = await awaitLines(stack, 'after', 2, 60_000);
  assert.deepEqual(
    lines.map(({ recipient, status, attempt, in_doubt }) => [recipient, status, attempt, in_doubt]),
    [
      ['bob@x', 'sent', 1, undefined],
      ['carol@x', 'sent', 1, undefined],
    ],
  );
  const [item] = await awaitState(stack, 'after', 'done');
  assert.partialDeepStrictEqual(item, { attempt: 1, generation: 1 });
  assert.ok(table.refused - refusedBefore > 3, 'it was tried repeatedly');
  assert.deepEqual(saved.filter((recipient) => /^(?:bob|carol)@/.test(recipient)).sort(), ['bob@x', 'carol@x']);
});

test('the table is throttled before a delivery is claimed: it is delivered later, and no attempt is counted', async () => {
  throttle(8000);
  await submitMail(stack, { id: 'before', recipients: ['dora@x'] });
  const [line] = await awaitLines(stack, 'before', 1, 60_000);
  assert.partialDeepStrictEqual(line, { recipient: 'dora@x', status: 'sent', attempt: 1 });
  await awaitState(stack, 'before', 'done');
  assert.equal(linesOf(stack, 'before').length, 1);
  assert.deepEqual(
    saved.filter((recipient) => recipient === 'dora@x'),
    ['dora@x'],
  );
});
