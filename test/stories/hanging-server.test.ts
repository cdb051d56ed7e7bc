/**
 * A server that accepts connections and never greets, with the default time-outs, all of which outlast the
 * function.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runCommand } from '../support/lambda-lmtp.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { type RawServer, startRawServer } from '../support/raw-server.ts';
import { awaitLines, awaitState, submitMail } from '../support/story.ts';

let hanging: RawServer;
let connections = 0;
let stack: LocalStack;
const failures: string[] = [];

before(async () => {
  hanging = await startRawServer(() => {
    connections += 1;
  });
  stack = await startLocalStack({
    transportMap: `hanging.test lmtp:inet:127.0.0.1:${hanging.port}\n* lmtp:MAILSTORE`,
    // One failure is enough to suspend a destination that gets one delivery at a time.
    parameters: { lmtp_initial_destination_concurrency: '1' },
    timeouts: { lmtp: 12_000 },
    onFailure: (name, { errorMessage }) => failures.push(`${name}: ${errorMessage}`),
  });
});
after(async () => {
  await stack?.close();
  await hanging?.[Symbol.asyncDispose]();
});

test('is blamed with the words of a time-out and suspended: status says so, the next mail is not tried, other mail flows', async () => {
  await submitMail(stack, { id: 'first', recipients: ['bob@hanging.test'] });
  const [first] = await awaitLines(stack, 'first', 1, 60_000);
  assert.partialDeepStrictEqual(first, { status: 'deferred', dsn: '4.4.2', attempt: 1 });
  assert.match(first?.text ?? '', /^conversation with .* timed out while receiving the initial server greeting$/);
  await awaitState(stack, 'first', 'deferred');

  const { code, stdout } = await runCommand(['status'], { env: stack.variables });
  assert.notEqual(code, 0, stdout);
  assert.match(stdout, new RegExp(`^Suspended: inet:\\[127\\.0\\.0\\.1\\]:${hanging.port} .* timed out while`, 'm'));

  await submitMail(stack, { id: 'second', recipients: ['bob@hanging.test'] });
  await submitMail(stack, { id: 'other', recipients: ['bob@other.test'] });
  assert.equal((await awaitLines(stack, 'other', 1))[0]?.status, 'sent');
  assert.match((await awaitLines(stack, 'second', 1))[0]?.text ?? '', /^delivery temporarily suspended: conversation/);
  assert.equal(connections, 1);
  assert.deepEqual(failures, []);
});
