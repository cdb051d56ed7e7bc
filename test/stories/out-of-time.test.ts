/** A function that runs out of time while it waits for a server: known results are recorded before the end. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { awaitLines, awaitState, submitMail } from '../support/story.ts';

let server: ScriptedServer;
let stack: LocalStack;
const failures: string[] = [];

before(async () => {
  server = await startScriptedServer({
    connections: {
      // It is never silent for long, so it is not to blame, and it never finishes.
      '1': { final: { default: '250 2.0.0 saved', 'slow@x': { pad_to: 200, reply: '250 2.0.0', byte_gap_ms: 500 } } },
    },
  });
  stack = await startLocalStack({
    destination: `inet:127.0.0.1:${server.port}`,
    parameters: { minimal_backoff_time: '1s' },
    timeouts: { lmtp: 8000 },
    onFailure: (name, { errorMessage }) => failures.push(`${name}: ${errorMessage}`),
  });
});
after(async () => {
  await stack?.close();
  await server?.close();
});

test('replies received before the deadline are final; the remaining recipients are in doubt, and retried', async () => {
  await submitMail(stack, { id: 'late', recipients: ['bob@x', 'slow@x'] });
  const lines = await awaitLines(stack, 'late', 3);
  assert.deepEqual(
    lines.map(({ recipient, status, attempt, in_doubt }) => [recipient, status, attempt, in_doubt]),
    [
      ['bob@x', 'sent', 1, undefined],
      ['slow@x', 'deferred', 1, true],
      ['slow@x', 'sent', 2, undefined],
    ],
  );
  assert.match(lines[1]?.text ?? '', /ran out of this invocation's time while sending end of data/);
  assert.deepEqual(failures, [], 'the invocation ended cleanly');
  await awaitState(stack, 'late', 'done');
  const offered = server.transcript().map(({ commands }) => commands.filter((command) => command.startsWith('RCPT')));
  assert.deepEqual(offered, [['RCPT TO:<bob@x>', 'RCPT TO:<slow@x>'], ['RCPT TO:<slow@x>']]);
});
