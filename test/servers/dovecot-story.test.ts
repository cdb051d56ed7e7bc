/** The whole way to a real mail store: from the queue into Dovecot's Maildirs, and Dovecot's own replies back. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bounceOf } from '../support/bounce-of.ts';
import { installLine } from '../support/debian-packages.ts';
import { type Dovecot, dovecotPackages, isDovecotInstalled, startDovecot } from '../support/dovecot.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { awaitEvent, awaitLines, awaitState, submitMail } from '../support/story.ts';

const skip = isDovecotInstalled() ? false : `Dovecot is not installed: ${installLine(dovecotPackages)}`;

describe('mail for a real Dovecot', { skip }, () => {
  let dovecot: Dovecot;
  /** Another one, which replies 452 if a mailbox is full. */
  let patient: Dovecot;
  let stack: LocalStack;

  before(async () => {
    const full = { name: 'full', quota: 'bytes=1' };
    [dovecot, patient] = await Promise.all([
      startDovecot({ users: ['alice', 'bob', 'dots', 'eight', full] }),
      startDovecot({ users: ['alice', full], fullMailbox: 452 }),
    ]);
    stack = await startLocalStack({
      transportMap: `* lmtp:inet:127.0.0.1:${dovecot.port}\npatient.test lmtp:inet:127.0.0.1:${patient.port}`,
      parameters: { minimal_backoff_time: '2s' },
      // One container: its sessions are used again.
      maximumConcurrency: { lmtp: 1 },
    });
  });
  after(async () => {
    await stack?.close();
    await dovecot?.stop();
    await patient?.stop();
  });

  const header = 'From: alice@example.org\r\nTo: bob@dovecot.test\r\nSubject: x\r\n';

  /** Bodies that could be damaged, and their expected form: line ends are LF in a Maildir, and every line has one. */
  const messages: Readonly<Record<string, readonly [submitted: string | Buffer, filed: string | Buffer]>> = {
    'a plain message': [`${header}\r\nhello\r\n`, `${header}\r\nhello\r\n`],
    'lines that begin with dots': [
      `${header}\r\n.\r\n..\r\n.hidden\r\n...\r\n.\r\n`,
      `${header}\r\n.\r\n..\r\n.hidden\r\n...\r\n.\r\n`,
    ],
    'a message stored with LF': ['Subject: x\n\none\n.\ntwo\n', 'Subject: x\n\none\n.\ntwo\n'],
    'a message without a last line end': [`${header}\r\nhello`, `${header}\r\nhello\r\n`],
    'blanks and tabs at the ends of lines': [
      `${header}\r\n  two \r\n\t\ttabs\t\r\n\r\n\r\n`,
      `${header}\r\n  two \r\n\t\ttabs\t\r\n\r\n\r\n`,
    ],
    'octets of every value but NUL, CR and LF': [allOctets(), allOctets()],
    'the longest lines there may be': [
      `${header}\r\n${'x'.repeat(998)}\r\n.${'y'.repeat(997)}\r\n`,
      `${header}\r\n${'x'.repeat(998)}\r\n.${'y'.repeat(997)}\r\n`,
    ],
    'three megabytes, which are streamed': [largeMessage(), largeMessage()],
  };

  function allOctets(): Buffer {
    const octets = Array.from({ length: 256 }, (_, octet) => octet).filter((octet) => ![0, 10, 13].includes(octet));
    return Buffer.concat([Buffer.from(`${header}\r\n`), Buffer.from(octets), Buffer.from('\r\n')]);
  }

  function largeMessage(): string {
    const lines = Array.from({ length: 50_000 }, (_, n) => `${n % 7 === 0 ? '.' : ''}line ${n} ${'z'.repeat(50)}\r\n`);
    return `${header}\r\n${lines.join('')}`;
  }

  for (const [index, [what, [submitted, filed]]] of Object.entries(messages).entries()) {
    test(`${what}: the file in the Maildir is, octet for octet, the submitted message`, async () => {
      const id = `octets-${index}`;
      await submitMail(stack, { id, recipients: ['bob@dovecot.test'], body: '8BITMIME' }, Buffer.from(submitted));
      assert.partialDeepStrictEqual(await awaitLines(stack, id, 1), [{ status: 'sent', dsn: '2.0.0' }]);
      const files = await dovecot.maildir('bob');
      assert.equal(files.length, index + 1);
      const { added, message } = splitFile(files.at(-1) ?? Buffer.of());
      assert.deepEqual(added, ['Return-Path', 'Delivered-To', 'Received']);
      assert.ok(withUnixLines(Buffer.from(filed)).equals(message), String(message.subarray(0, 500)));
    });
  }

  test('the sender is in Return-Path, the recipient in Delivered-To', async () => {
    await submitMail(stack, { id: 'envelope', sender: 'news+a=b@example.org', recipients: ['alice@dovecot.test'] });
    await awaitLines(stack, 'envelope', 1);
    const file = String((await dovecot.maildir('alice')).at(-1));
    assert.match(file, /^Return-Path: <news\+a=b@example\.org>\nDelivered-To: alice@dovecot\.test\n/);
  });

  test('an unknown user bounces with the words of Dovecot, and the others of the message are sent', async () => {
    await submitMail(stack, { id: 'unknown', recipients: ['nobody@dovecot.test', 'alice@dovecot.test'] });
    const lines = await awaitLines(stack, 'unknown', 2);
    assert.deepEqual(
      lines.map(({ recipient, status, dsn }) => [recipient, status, dsn]),
      [
        ['nobody@dovecot.test', 'bounced', '5.1.1'],
        ['alice@dovecot.test', 'sent', '2.0.0'],
      ],
    );
    const words = "550 5.1.1 <nobody@dovecot.test> User doesn't exist: nobody@dovecot.test";
    assert.equal(lines[0]?.text, `host 127.0.0.1[127.0.0.1] said: ${words} (in reply to RCPT TO command)`);
    const bounce = bounceOf(await awaitEvent(stack, 'unknown'));
    assert.deepEqual(bounce.bouncedRecipients, [
      {
        emailAddress: 'nobody@dovecot.test',
        action: 'failed',
        status: '5.1.1',
        diagnosticCode: `smtp; ${lines[0]?.text}`,
      },
    ]);
    assert.equal(bounce.bounceSubType, 'General');
  });

  test('a mailbox over its quota bounces if Dovecot replies 552, after the dot, and the others are sent', async () => {
    await submitMail(stack, { id: 'over', recipients: ['full@dovecot.test', 'alice@dovecot.test'] });
    const lines = await awaitLines(stack, 'over', 2);
    assert.deepEqual(
      lines.map(({ recipient, status, dsn }) => [recipient, status, dsn]),
      [
        ['full@dovecot.test', 'bounced', '5.2.2'],
        ['alice@dovecot.test', 'sent', '2.0.0'],
      ],
    );
    assert.match(
      lines[0]?.text ?? '',
      / said: 552 5\.2\.2 <full@dovecot\.test> Quota exceeded .* \(in reply to end of DATA command\)$/,
    );
    assert.equal(bounceOf(await awaitEvent(stack, 'over')).bounceSubType, 'MailboxFull');
    assert.deepEqual(await dovecot.maildir('full'), []);
  });

  test('a mailbox over its quota waits if Dovecot replies 452, and gets the mail when there is room; the others get it once', async () => {
    await submitMail(stack, {
      id: 'patient',
      recipients: ['full@dovecot.test', 'alice@dovecot.test'],
      destination: `inet:127.0.0.1:${patient.port}`,
    });
    const [deferred, sent] = await awaitLines(stack, 'patient', 2);
    assert.partialDeepStrictEqual(deferred, {
      recipient: 'full@dovecot.test',
      status: 'deferred',
      dsn: '4.2.2',
      attempt: 1,
    });
    assert.match(deferred?.text ?? '', / said: 452 4\.2\.2 <full@dovecot\.test> Quota exceeded/);
    assert.partialDeepStrictEqual(sent, { recipient: 'alice@dovecot.test', status: 'sent', attempt: 1 });
    await patient.addUser('full');
    await awaitState(stack, 'patient', 'done');
    // The line is written after the state.
    const last = (await awaitLines(stack, 'patient', 3)).at(-1);
    assert.partialDeepStrictEqual(last, { recipient: 'full@dovecot.test', status: 'sent' });
    assert.deepEqual([(await patient.maildir('full')).length, (await patient.maildir('alice')).length], [1, 1]);
  });

  test('one session carries several messages, and Dovecot saw no more connections than there were sessions', async () => {
    const uses = stack.deliveries.items
      .filter(({ relay }) => relay?.endsWith(`:${dovecot.port}`))
      .map(({ conn_use = 1 }) => conn_use);
    assert.ok(Math.max(...uses) >= 2, `conn_use is ${uses.join(', ')}`);
    const log = await dovecot.log();
    const count = (pattern: RegExp) => (log.match(pattern) ?? []).length;
    // Those that ended after the greeting only checked whether it had started.
    const connections = count(/: Connect from /g) - count(/: Disconnect from .*state=GREETING/g);
    assert.equal(connections, uses.filter((use) => use === 1).length);
  });
});

/** The header fields that Dovecot added, by name, and the message after them. */
function splitFile(file: Buffer): { readonly added: readonly string[]; readonly message: Buffer } {
  const top =
    /^Return-Path: .*\nDelivered-To: .*\n(?:Received: .*\n(?:\t.*\n)+)/.exec(file.toString('latin1'))?.[0] ?? '';
  const added = top.split('\n').flatMap((line) => /^([\w-]+):/.exec(line)?.[1] ?? []);
  return { added, message: file.subarray(top.length) };
}

function withUnixLines(octets: Buffer): Buffer {
  return Buffer.from(octets.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}
