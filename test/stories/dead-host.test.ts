/** A dead host with many messages at once; and another destination whose mail continues beside it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DynamoDbDestinations } from '../../functions/aws/dynamodb-destinations.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { type RawServer, startRawServer } from '../support/raw-server.ts';
import { awaitLines, linesOf, prepareMail } from '../support/story.ts';

let dead: RawServer;
let met = 0;
let stack: LocalStack;

before(async () => {
  // It accepts the connection and closes after a while, as a host does whose server is gone.
  dead = await startRawServer((socket) => {
    met += 1;
    setTimeout(() => socket.destroy(), 1000);
  });
  stack = await startLocalStack({
    transportMap: `dead.test lmtp:inet:127.0.0.1:${dead.port}\n* lmtp:MAILSTORE`,
    maximumConcurrency: { lmtp: 4 },
  });
});
after(async () => {
  await stack?.close();
  await dead?.[Symbol.asyncDispose]();
});

test('costs no more connections than the first window; the rest is deferred at once, and other mail flows', async (t) => {
  const ids = Array.from({ length: 40 }, (_, n) => `dead-${n}`);
  for (const id of ids) await stack.submit(await prepareMail(stack, { id, recipients: [`${id}@dead.test`] }));
  for (const id of ['live-1', 'live-2']) {
    await stack.submit(await prepareMail(stack, { id, recipients: [`${id}@live.test`] }));
  }
  for (const id of ['live-1', 'live-2']) assert.equal((await awaitLines(stack, id, 1))[0]?.status, 'sent');
  // A delivery that is put back meanwhile returns when the first outcomes are known, and is suspended with
  // the others.
  await stack.deliveries.waitUntil(
    () => stack.deliveries.items.filter(({ id }) => id.startsWith('dead')).length >= 8,
    120_000,
  );
  t.diagnostic(`${met} connections`);
  assert.ok(met <= 5, `${met} connections`);
  const said = ids.flatMap((id) => linesOf(stack, id));
  const suspended = said.filter(
    ({ relay, text }) => relay === null && text.startsWith('delivery temporarily suspended'),
  );
  assert.ok(suspended.length > 0);
  assert.ok(said.every(({ status, dsn }) => status === 'deferred' && dsn.startsWith('4.')));
  const table = new DynamoDbDestinations(stack.clients.documents, stack.outputs.QueueTableName);
  const record = await table.read(`inet:[127.0.0.1]:${dead.port}`);
  assert.ok(record.suspension !== undefined || (record.window?.failures ?? 0) > 0);
});
