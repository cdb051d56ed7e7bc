/** How Dovecot treats mail, seen in raw dialogues: the basis of the stories with a real server. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { NetConnectOpts } from 'node:net';
import { describe, test } from 'node:test';
import { installLine } from '../support/debian-packages.ts';
import { dovecotPackages, isDovecotInstalled, startDovecot } from '../support/dovecot.ts';
import { type ClientStep, playDialogue } from '../support/play-dialogue.ts';

/** Lines that are sent in one write. */
const lines = (...text: string[]): ClientStep => ({ send: text.map((line) => `${line}\r\n`).join('') });

/**
 * Sends a message and resolves to the replies about recipients: one for each RCPT, DATA's own, then one for
 * each accepted recipient. Code and enhanced status only.
 */
async function deliver(server: NetConnectOpts, names: readonly string[], message = ['Subject: test', '', 'Hello.']) {
  const rcpts = names.map((name) => `RCPT TO:<${name}@dovecot.test>`);
  const { received } = await playDialogue(server, [
    { await: '220 ' },
    lines('LHLO client.example', 'MAIL FROM:<sender@sender.example>', ...rcpts, 'DATA'),
    { await: '354 ' },
    lines(...message, '.', 'QUIT'),
    { await_end: true },
  ]);
  const replies = received.split('\r\n').map((line) => /^\d{3} (?:\d\.\d\.\d|OK)/.exec(line)?.[0] ?? '');
  return replies.slice(replies.indexOf('250 2.1.0') + 1, replies.lastIndexOf('221 2.0.0'));
}

const skip = isDovecotInstalled() ? false : `Dovecot is not installed: ${installLine(dovecotPackages)}`;

describe('a real Dovecot', { skip }, () => {
  test('files a message into the Maildir of each recipient, with its dots and octets', async () => {
    await using dovecot = await startDovecot();
    const message = ['Subject: t', '', '..a dot', 'caf\u00e9'];
    assert.deepEqual(await deliver({ port: dovecot.port }, ['alice', 'bob'], message), [
      '250 2.1.5',
      '250 2.1.5',
      '354 OK',
      '250 2.0.0',
      '250 2.0.0',
    ]);
    for (const name of ['alice', 'bob']) {
      const files = await dovecot.maildir(name);
      assert.equal(files.length, 1);
      assert.match(
        String(files[0]),
        /^Return-Path: <sender@sender\.example>\n.*\nSubject: t\n\n\.a dot\ncaf\u00e9\n$/s,
      );
    }
  });

  test('returns its Maildir files in the order of delivery', async () => {
    await using dovecot = await startDovecot();
    const bodies = ['one', 'two', 'three', 'four'];
    for (const body of bodies) await deliver({ path: dovecot.path }, ['alice'], ['', body]);
    const files = await dovecot.maildir('alice');
    assert.deepEqual(
      files.map((file) => file.toString().trimEnd().split('\n').at(-1)),
      bodies,
    );
  });

  test('refuses an unknown recipient at RCPT, until that user exists', async () => {
    await using dovecot = await startDovecot();
    assert.deepEqual(await deliver({ port: dovecot.port }, ['carol', 'alice']), [
      '550 5.1.1',
      '250 2.1.5',
      '354 OK',
      '250 2.0.0',
    ]);
    await dovecot.addUser('carol');
    assert.deepEqual(await deliver({ port: dovecot.port }, ['carol']), ['250 2.1.5', '354 OK', '250 2.0.0']);
    assert.equal((await dovecot.maildir('carol')).length, 1);
  });

  test('refuses a recipient over quota permanently, after the dot, and files for the other', async () => {
    await using dovecot = await startDovecot({ users: ['alice', { name: 'full', quota: 'bytes=1' }] });
    assert.deepEqual(await deliver({ port: dovecot.port }, ['full', 'alice']), [
      '250 2.1.5',
      '250 2.1.5',
      '354 OK',
      '552 5.2.2',
      '250 2.0.0',
    ]);
    assert.deepEqual(await dovecot.maildir('full'), []);
    assert.equal((await dovecot.maildir('alice')).length, 1);
  });

  test('refuses a recipient over quota temporarily, if so configured', async () => {
    await using dovecot = await startDovecot({ users: [{ name: 'full', quota: 'bytes=1' }], fullMailbox: 452 });
    assert.deepEqual(await deliver({ port: dovecot.port }, ['full']), ['250 2.1.5', '354 OK', '452 4.2.2']);
  });

  test('refuses a full mailbox already at RCPT, if so configured', async () => {
    const users = ['alice', { name: 'full', quota: 'messages=1' }];
    await using dovecot = await startDovecot({ users, quotaCheckedAt: 'RCPT' });
    const server = { port: dovecot.port };
    assert.deepEqual(await deliver(server, ['full']), ['250 2.1.5', '354 OK', '250 2.0.0']);
    assert.deepEqual(await deliver(server, ['full', 'alice']), ['552 5.2.2', '250 2.1.5', '354 OK', '250 2.0.0']);
  });

  test('is gone at once when it is stopped, with all its files', async () => {
    const dovecot = await startDovecot();
    assert.match(await dovecot.log(), /starting up for lmtp/);
    await dovecot.stop();
    assert.equal(existsSync(dovecot.directory), false);
    const { ended } = await playDialogue({ port: dovecot.port }, [{ await_end: true }]);
    assert.equal(ended, 'reset');
  });

  test('that cannot start gives the reason', async () => {
    await assert.rejects(
      startDovecot({ furtherLines: ['no_such_setting = yes'] }),
      /Dovecot does not start: .*no_such_setting/s,
    );
  });
});
