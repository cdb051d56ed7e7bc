import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import {
  type MaildirServer,
  type MaildirServerOptions,
  startMaildirServer,
} from '../../infra/local/samples/maildir-server.ts';
import { waitUntil } from '../support/wait-until.ts';

let server: MaildirServer | undefined;
let folder = '';
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(options: Partial<MaildirServerOptions> = {}): Promise<MaildirServer> {
  folder = await mkdtemp(join(tmpdir(), 'maildir-'));
  server = await startMaildirServer({ folder, ...options });
  return server;
}

/** A client: `say` writes a group of commands, `hear` resolves to the next so many replies, the last line of each. */
async function client({ port }: MaildirServer) {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  const replies: string[] = [];
  let rest = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    const lines = (rest + text).split('\r\n');
    rest = lines.pop() ?? '';
    replies.push(...lines.filter((line) => line[3] === ' '));
  });
  const hear = async (count: number) => {
    while (replies.length < count) await once(socket, 'data');
    return replies.splice(0, count);
  };
  const say = (...lines: string[]) => socket.write(lines.map((line) => `${line}\r\n`).join(''), 'latin1');
  await hear(1);
  say('LHLO client.example');
  await hear(1);
  return { socket, say, hear };
}

const filed = (recipient: string): string[] => {
  const maildir = join(server?.maildirOf(recipient) ?? '', 'new');
  return readdirSync(maildir).map((name) => readFileSync(join(maildir, name), 'latin1'));
};

test('each recipient gets a reply, and each accepted one gets the mail', async () => {
  const { say, hear } = await client(
    await open({
      verdict: (recipient) => {
        if (recipient.startsWith('unknown')) return { at: 'RCPT', code: 550, text: '5.1.1 No such user' };
        if (recipient.startsWith('full')) return { at: 'content', code: 452, text: '4.2.2 Mailbox full' };
        return undefined;
      },
    }),
  );
  say('MAIL FROM:<alice@example.org>');
  say('RCPT TO:<bob@example.com>', 'RCPT TO:<unknown@example.com>', 'RCPT TO:<full@example.com>', 'DATA');
  assert.deepEqual(
    (await hear(5)).map((reply) => reply.slice(0, 14)),
    ['250 2.1.0 Acce', '250 2.1.5 Acce', '550 5.1.1 No s', '250 2.1.5 Acce', '354 End data w'],
  );
  say('Subject: hello', '', '..a dot', '.');
  assert.deepEqual(await hear(2), ['250 2.0.0 <bob@example.com> Saved', '452 4.2.2 Mailbox full']);
  assert.deepEqual(filed('bob@example.com'), ['Return-Path: <alice@example.org>\nSubject: hello\n\n.a dot\n']);
  assert.throws(() => filed('full@example.com'), { code: 'ENOENT' });
  assert.throws(() => filed('unknown@example.com'), { code: 'ENOENT' });
});

test('a verdict can depend on how often the recipient was seen', async () => {
  const { say, hear } = await client(
    await open({
      verdict: (_, seen) => (seen === 0 ? { at: 'content', code: 450, text: '4.2.0 Busy, come again' } : undefined),
    }),
  );
  const attempt = async () => {
    say('MAIL FROM:<>', 'RCPT TO:<bob@example.com>', 'DATA');
    await hear(3);
    say('x', '.');
    return hear(1);
  };
  assert.deepEqual(await attempt(), ['450 4.2.0 Busy, come again']);
  assert.deepEqual(await attempt(), ['250 2.0.0 <bob@example.com> Saved']);
  assert.deepEqual(filed('bob@example.com'), ['Return-Path: <>\nDelivered-To: bob@example.com\nx\n']);
});

test('the copies of a message are one file on disk, without the names of its recipients', async () => {
  const { say, hear } = await client(await open());
  say('MAIL FROM:<a@x>', 'RCPT TO:<bob@example.com>', 'RCPT TO:<carol@example.com>', 'DATA');
  await hear(4);
  say('x', '.');
  assert.equal((await hear(2)).length, 2);
  const files = ['bob@example.com', 'carol@example.com'].map((recipient) => {
    const maildir = join(server?.maildirOf(recipient) ?? '', 'new');
    return statSync(join(maildir, readdirSync(maildir)[0] ?? ''));
  });
  assert.equal(files[0]?.ino, files[1]?.ino);
  assert.deepEqual(filed('carol@example.com'), ['Return-Path: <a@x>\nx\n']);
});

test('octets arrive as they were sent but for the line ends, however they are split', async () => {
  const { socket, say, hear } = await client(await open());
  const body = `8 bit: \xe4\xff\r\nbare \n LF, bare \r CR\r\n${'x'.repeat(3000)}\r\n\r\n`;
  say('MAIL FROM:<a@x>', 'RCPT TO:<bob@example.com>', 'DATA');
  await hear(3);
  for (const octet of body.slice(0, 40)) {
    socket.write(octet, 'latin1');
    await new Promise(setImmediate);
  }
  socket.write(`${body.slice(40)}.\r\n`, 'latin1');
  await hear(1);
  const wanted = `Return-Path: <a@x>\nDelivered-To: bob@example.com\n${body.replaceAll('\r\n', '\n')}`;
  assert.deepEqual(filed('bob@example.com'), [wanted]);
});

test('a message that breaks off is filed for no recipient', async () => {
  const { socket, say, hear } = await client(await open());
  say('MAIL FROM:<a@x>', 'RCPT TO:<bob@example.com>', 'DATA');
  await hear(3);
  say('half a message');
  await waitUntil('content begins', () => readdirSync(join(folder, '.incoming')).length === 1);
  socket.destroy();
  await waitUntil('the content is discarded', () => readdirSync(join(folder, '.incoming')).length === 0);
  assert.throws(() => filed('bob@example.com'), { code: 'ENOENT' });
});

test('an address cannot lead out of the folder', async () => {
  const { say, hear } = await client(await open());
  say('MAIL FROM:<a@x>', 'RCPT TO:<a/b@example.com>', 'DATA');
  await hear(3);
  say('x', '.');
  await hear(1);
  assert.ok(readdirSync(folder).includes('a%2fb@example.com'), readdirSync(folder).join());
});
