/** More mail than active has places for: how much runs at once, and that nothing is left. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DynamoDbDestinations } from '../../functions/aws/dynamodb-destinations.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { type RawServer, startRawServer } from '../support/raw-server.ts';
import { prepareMail } from '../support/story.ts';
import { waitUntil } from '../support/wait-until.ts';

const limit = 3;
let server: RawServer;
let stack: LocalStack;
/** Transactions in progress, and their maximum. */
let now = 0;
let most = 0;

before(async () => {
  server = await startRawServer((socket) => {
    socket.write('220 slow.test LMTP\r\n');
    let isContent = false;
    let recipients = 0;
    let rest = '';
    socket.on('data', (chunk) => {
      rest += String(chunk);
      for (let end = rest.indexOf('\r\n'); end !== -1; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (isContent && line !== '.') continue;
        if (line === '.') {
          isContent = false;
          const replies = '250 2.0.0 saved\r\n'.repeat(recipients);
          setTimeout(() => {
            now -= 1;
            socket.write(replies);
          }, 100);
        } else if (line.startsWith('LHLO')) socket.write('250-slow.test\r\n250 ENHANCEDSTATUSCODES\r\n');
        else if (line.startsWith('MAIL')) {
          recipients = 0;
          now += 1;
          most = Math.max(most, now);
          socket.write('250 2.1.0 ok\r\n');
        } else if (line.startsWith('RCPT')) {
          recipients += 1;
          socket.write('250 2.1.5 ok\r\n');
        } else if (line === 'DATA') {
          isContent = true;
          socket.write('354 go on\r\n');
        } else socket.write('250 2.0.0 ok\r\n');
      }
    });
  });
  stack = await startLocalStack({
    transportMap: `* lmtp:inet:127.0.0.1:${server.port}`,
    maximumConcurrency: { lmtp: 6 },
    parameters: { lmtp_destination_concurrency_limit: String(limit), qmgr_message_active_limit: '8' },
  });
});
after(async () => {
  await stack?.close();
  await server?.[Symbol.asyncDispose]();
});

test('eighty messages for eight places are all delivered, and never more at once than the concurrency limit', async (t) => {
  const requests = await Promise.all(
    Array.from({ length: 80 }, (_, n) => prepareMail(stack, { id: `m${n}`, recipients: [`r${n}@slow.test`] })),
  );
  await Promise.all(requests.map((request) => stack.submit(request)));
  await stack.deliveries.waitUntil(() => stack.deliveries.items.length >= 80, 90_000);
  assert.deepEqual(new Set(stack.deliveries.items.map(({ status }) => status)), new Set(['sent']));
  assert.equal(new Set(stack.deliveries.items.map(({ id }) => id)).size, 80);
  t.diagnostic(`${most} at once, limit ${limit}`);
  assert.ok(most <= limit, `${most} at once`);
  const table = new DynamoDbDestinations(stack.clients.documents, stack.outputs.QueueTableName);
  const places = () => table.read(`inet:[127.0.0.1]:${server.port}`);
  await waitUntil('all places were given back', async () => (await places()).active === 0, { within: 20_000 });
});
