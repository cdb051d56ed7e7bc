import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { startLmtpSink } from './lmtp-sink.ts';
import { playDialogue } from './play-dialogue.ts';
import { waitUntil } from './wait-until.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const opening = 'LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n';

for (const [name, content] of [
  ['a short one', 'Subject: x\r\n\r\nhello\r\n'],
  ['an empty one', ''],
  ['dots and line ends', '\r\n..\r\n\r\n...x\r\n\r\n'],
] as const) {
  for (const size of [1, 2, 3, 1000]) {
    test(`a content is counted and hashed as on the wire, in pieces of ${size}: ${name}`, async () => {
      await using sink = await startLmtpSink({ hash: true });
      const wire = `${content}.\r\nQUIT\r\n`;
      const pieces = wire.match(new RegExp(`.{1,${size}}`, 'gs')) ?? [];
      const { received } = await playDialogue({ port: sink.port }, [
        { send: opening },
        { await: '354 ' },
        ...pieces.map((send) => ({ send })),
        { await_end: true },
      ]);
      assert.deepEqual(sink.contents, [{ octets: content.length, sha256: sha256(content), recipients: 2 }]);
      assert.match(received, /354 go ahead\r\n250 2\.0\.0 sunk\r\n250 2\.0\.0 sunk\r\n221 /);
    });
  }
}

test('a content that breaks off does not count', async () => {
  await using sink = await startLmtpSink();
  await playDialogue({ port: sink.port }, [{ send: opening }, { await: '354 ' }, { send: 'Subject: x\r\n.' }]);
  await waitUntil('the end of the connection', () => sink.broken() === 1);
  assert.deepEqual(sink.contents, []);
});
