/** A worker that dies after the server received the content, and before it replied. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { andThen, type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { awaitLines, awaitState, itemsOf, patience, submitMail } from '../support/story.ts';
import { waitUntil } from '../support/wait-until.ts';

let server: ScriptedServer;
let stack: LocalStack;

before(async () => {
  server = await startScriptedServer({ connections: { '1': { final: { default: andThen('silence') } } } });
  stack = await startLocalStack({
    destination: `inet:127.0.0.1:${server.port}`,
    parameters: { minimal_backoff_time: '1s' },
    visibilityTimeouts: { active: 1 },
    sweepInterval: 0,
  });
});
after(async () => {
  await stack?.close();
  await server?.close();
});

/** Expires the lease: its time is set back, as if its duration of more than a minute had passed. */
async function passLease(id: string): Promise<void> {
  await stack.clients.documents.send(
    new UpdateCommand({
      TableName: stack.outputs.QueueTableName,
      Key: { id, delivery: '0000' },
      UpdateExpression: 'SET due = :past, claim.#until = :past',
      ExpressionAttributeNames: { '#until': 'until' },
      ExpressionAttributeValues: { ':past': Date.now() - 1 },
    }),
  );
}

test('a worker that is killed before the reply leaves its recipient in doubt, and the retry delivers again', async () => {
  await submitMail(stack, { id: 'killed', recipients: ['bob@x'] });
  await waitUntil(
    'the server has the content',
    () => server.transcript()[0]?.commands.includes('.') === true,
    patience,
  );
  await stack.functions.lmtp.kill();

  // The message returns, and its delivery is still claimed: no other worker delivers on a guess.
  await waitUntil(
    'the message has left active',
    () => {
      const { ready, inFlight } = stack.inspectQueue('active');
      return ready.length + inFlight.length === 0;
    },
    patience,
  );
  assert.equal(server.transcript().length, 1);
  const [claimed] = await itemsOf(stack, 'killed');
  assert.equal(claimed?.state, 'delivering');
  assert.ok((claimed?.claim?.until ?? 0) > Date.now(), 'its lease has not expired');
  await stack.sweep();
  assert.equal((await itemsOf(stack, 'killed'))[0]?.state, 'delivering', 'the sweep waits for the lease too');

  await passLease('killed');
  await stack.sweep();
  const [doubt, sent] = await awaitLines(stack, 'killed', 2);
  assert.partialDeepStrictEqual(doubt, { recipient: 'bob@x', status: 'deferred', in_doubt: true, attempt: 1 });
  assert.match(doubt?.text ?? '', /may be sent more than once/);
  assert.partialDeepStrictEqual(sent, { recipient: 'bob@x', status: 'sent', attempt: 2 });
  await awaitState(stack, 'killed', 'done');
  assert.equal(server.rawContents.length, 2);
});
