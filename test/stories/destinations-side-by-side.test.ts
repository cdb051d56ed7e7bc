/** Destinations that share a batch do not delay each other. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { awaitLines, patience, prepareMail } from '../support/story.ts';
import { waitUntil } from '../support/wait-until.ts';

let slow: ScriptedServer;
let stack: LocalStack;

before(async () => {
  const after = (delay_ms: number) => ({ reply: '250 2.0.0 saved at last', delay_ms });
  // The first takes so long that all others are there before it is done, on a busy machine too.
  slow = await startScriptedServer({ final: { default: after(1500), 'first@slow.test': after(6000) } });
  stack = await startLocalStack({
    transportMap: `slow.test lmtp:inet:127.0.0.1:${slow.port}\n* lmtp:MAILSTORE`,
    // All messages in active when the function is free arrive in one batch.
    maximumConcurrency: { lmtp: 1 },
    // Deliveries to one destination then have one slot, and so one lane.
    parameters: { lmtp_destination_concurrency_limit: '1' },
  });
});
after(async () => {
  await stack?.close();
  await slow?.close();
});

test('a slow server does not delay the mail of a fast one in the same batch, whose messages leave active early', async () => {
  const submit = async (id: string, recipient: string) =>
    stack.submit(await prepareMail(stack, { id, recipients: [recipient] }));
  // While this one occupies the only function, the others gather in active.
  await submit('first', 'first@slow.test');
  await waitUntil(
    'the first delivery is in progress',
    () => slow.transcript()[0]?.commands.includes('.') === true,
    patience,
  );
  await submit('slow', 'bob@slow.test');
  for (const id of ['quick-1', 'quick-2', 'quick-3']) await submit(id, `${id}@quick.test`);
  await waitUntil('all are in active', () => stack.inspectQueue('active').ready.length === 4, patience);

  for (const id of ['quick-1', 'quick-2', 'quick-3']) await awaitLines(stack, id, 1);
  await waitUntil(
    'finished messages have left active',
    () => stack.inspectQueue('active').inFlight.length === 1,
    patience,
  );
  assert.equal(stack.functions.lmtp.busy.length, 1, 'the batch goes on');
  await awaitLines(stack, 'slow', 1);
  const ends = stack.deliveries.items.map(({ id, status }) => `${id} ${status}`);
  assert.deepEqual([ends[0], ends.at(-1), ends.length], ['first sent', 'slow sent', 5]);
  assert.equal(stack.functions.lmtp.started, 1);
});
