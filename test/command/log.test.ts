/** `lambda-lmtp log`: the delivery log in Postfix's own form. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommand } from '../support/lambda-lmtp.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';

const sent = {
  ...{
    id: '4bXq1',
    recipient: 'bob@example.com',
    orig: 'b@example.com',
    relay: 'lmtp.internal[10.0.1.7]:24',
    conn_use: 2,
  },
  ...{ delay: 0.34, delays: [0.1, 0, 0.02, 0.22], dsn: '2.0.0', status: 'sent', text: '250 2.0.0 Saved' },
};
const bounced = {
  ...sent,
  id: 'x2',
  orig: null,
  relay: null,
  status: 'bounced',
  dsn: '5.1.1',
  text: 'no\u001b[2J\r\none',
};

const sentLine =
  '4bXq1: to=<bob@example.com>, orig_to=<b@example.com>, relay=lmtp.internal[10.0.1.7]:24, conn_use=2, delay=0.34, delays=0.1/0/0.02/0.22, dsn=2.0.0, status=sent (250 2.0.0 Saved)\n';
const bouncedLine =
  'x2: to=<bob@example.com>, relay=none, conn_use=2, delay=0.34, delays=0.1/0/0.02/0.22, dsn=5.1.1, status=bounced (no\\u001b[2J one)\n';

const log = [
  JSON.stringify(sent),
  '{"level":"INFO","message":"swept"}',
  'no JSON at all {',
  '',
  // In the form of an export from CloudWatch.
  `2026-11-22T08:00:00.123Z ${JSON.stringify(bounced)}`,
].join('\n');

test('prints deliveries as Postfix does, and skips everything else; nothing moves the cursor', async () => {
  const { code, stdout, stderr } = await runCommand(['log'], { input: log });
  assert.deepEqual([code, stdout, stderr], [0, sentLine + bouncedLine, '']);
});

test('reads a file', async () => {
  using folder = makeTemporaryFolder();
  assert.equal((await runCommand(['log', folder.write('log', log)])).stdout, sentLine + bouncedLine);
});

test('shows only matching lines', async () => {
  const show = async (...options: readonly string[]) => (await runCommand(['log', ...options], { input: log })).stdout;
  assert.equal(await show('--id', 'x2'), bouncedLine);
  assert.equal(await show('--status', 'sent'), sentLine);
  assert.equal(await show('--recipient', 'BOB@example.com', '--status', 'deferred'), '');
});
