/** An address in UTF-8 needs SMTPUTF8, by whatever front door the mail came; without it, nothing of it is sent. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { s3Event, s3Record, sesMessageId, sesNotification, snsEnvelope } from '../support/front-door-messages.ts';
import { QueueWorld } from '../support/queue-world.ts';
import { startScriptedServer } from '../support/scripted-server.ts';

const content = 'Subject: x\r\n\r\nhello\r\n';
const native = {
  version: 1,
  id: 'request',
  sender: 'alice@example.org',
  recipients: ['jürgen@example.com'],
  message: { bucket: 'messages', key: 'drop/a.eml' },
};

const frontDoors: Readonly<Record<string, object>> = {
  'a delivery request': native,
  'a delivery request that declares no SMTPUTF8': { ...native, smtputf8: false },
  'a notification of SES': sesNotification({ recipients: ['jürgen@example.com'] }),
  'a notification of SES in an SNS envelope': snsEnvelope(sesNotification({ recipients: ['jürgen@example.com'] })),
  'an object with metadata': s3Event(s3Record({ key: 'drop/a.eml' })),
};

for (const capabilities of [
  ['8BITMIME', 'DSN', 'SIZE'],
  ['SMTPUTF8', 'DSN'],
]) {
  const isInternational = capabilities.includes('SMTPUTF8');
  describe(isInternational ? 'a server with SMTPUTF8 is told' : 'a server without SMTPUTF8 gets nothing', () => {
    for (const [what, message] of Object.entries(frontDoors)) {
      test(`by way of ${what}`, async () => {
        await using server = await startScriptedServer({ capabilities });
        const world = new QueueWorld({ destination: `inet:127.0.0.1:${server.port}` });
        const metadata = { sender: 'alice@example.org', recipients: 'jürgen@example.com' };
        world.bodies.put('drop/a.eml', content, metadata);
        world.bodies.put(`ses/${sesMessageId}`, content);
        world.send('incoming', JSON.stringify(message));
        await world.runToEnd();
        await world.close();
        const [{ status, dsn } = { status: 'none', dsn: '' }] = world.lines;
        const commands = server.transcript().flatMap((connection) => connection.commands);
        const said = commands.filter((line) => /^(?:MAIL|RCPT) /.test(line));
        if (isInternational) {
          assert.deepEqual([status, dsn], ['sent', '2.0.0']);
          assert.match(said[0] ?? '', / SMTPUTF8$/);
          assert.match(said[1] ?? '', /^RCPT TO:<jürgen@example\.com> ORCPT=utf-8;j\\x\{FC\}rgen@example\.com/);
        } else {
          assert.deepEqual([status, dsn], ['bounced', '5.6.7']);
          assert.deepEqual(said, []);
        }
      });
    }
  });
}
