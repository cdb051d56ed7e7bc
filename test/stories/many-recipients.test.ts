/** A message for many recipients is sent in several deliveries (lmtp_destination_recipient_limit). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { awaitLines, awaitState, submitMail } from '../support/story.ts';

let server: ScriptedServer;
let stack: LocalStack;

before(async () => {
  server = await startScriptedServer({});
  stack = await startLocalStack({ destination: `inet:127.0.0.1:${server.port}` });
});
after(async () => {
  await stack?.close();
  await server?.close();
});

test('120 recipients are three deliveries of at most fifty, and each recipient gets the mail once', async () => {
  const recipients = Array.from({ length: 120 }, (_, n) => `r${n}@x`);
  await submitMail(stack, { id: 'many', recipients });
  const lines = await awaitLines(stack, 'many', 120);
  assert.ok(lines.every(({ status }) => status === 'sent'));
  assert.deepEqual(lines.map(({ recipient }) => recipient).sort(), recipients.toSorted());
  const items = await awaitState(stack, 'many', 'done');
  assert.deepEqual(
    items.map(({ delivery, recipients }) => [delivery, recipients.length]),
    [
      ['0000', 50],
      ['0001', 50],
      ['0002', 20],
    ],
  );
  const commands = server.transcript().flatMap((connection) => connection.commands);
  const offered = commands.filter((command) => command.startsWith('RCPT'));
  assert.equal(new Set(offered).size, 120);
  assert.equal(offered.length, 120);
  assert.equal(commands.filter((command) => command === '.').length, 3);
});
