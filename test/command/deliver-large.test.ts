/** `deliver` with a message that is too large for memory. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { after, test } from 'node:test';
import { startCommand } from '../support/lambda-lmtp.ts';
import { startLmtpSink } from '../support/lmtp-sink.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { waitUntil } from '../support/wait-until.ts';
import { makeRequest, message, parseVerdicts, toJsonLines } from './requests.ts';

const mebibyte = 1024 * 1024;
const folder = makeTemporaryFolder();
after(() => folder[Symbol.dispose]());

/** One MiB of lines with LF and leading dots, and the same for the wire. */
const lines = `.${'x'.repeat(70)}\n${'y'.repeat(77)}\n`.repeat(Math.ceil(mebibyte / 150)).slice(0, mebibyte - 1);
const block = Buffer.from(`${lines}\n`);
const wireBlock = Buffer.from(`${lines}\n`.replaceAll('\n', '\r\n').replace(/^\./gm, '..'));

function writeLargeFile(name: string, blocks: number): string {
  const file = folder.write(name, '');
  const descriptor = openSync(file, 'w');
  // The empty line ends the header: without it one would be inserted.
  writeSync(descriptor, '\n');
  for (let n = 0; n < blocks; n += 1) writeSync(descriptor, block);
  closeSync(descriptor);
  return file;
}

function start(file: string, destination: string) {
  const envelope = ['--sender', '', '--recipient', 'bob@example.com'];
  return startCommand(['deliver', ...envelope, '--message', file, '--destination', destination, '--json']);
}

/** Delivers, and measures the peak memory of the process while it waits for the final reply, in MiB. */
async function deliver(file: string) {
  let peak = 0;
  const running: { command?: ReturnType<typeof start> } = {};
  await using sink = await startLmtpSink({
    hash: true,
    beforeFinalReplies: async () => {
      const status = `/proc/${running.command?.child.pid}/status`;
      if (existsSync(status)) peak = Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(status, 'utf8'))?.[1]) / 1024;
    },
  });
  running.command = start(file, sink.destination);
  const { code } = await running.command.ended;
  return { code, peak, contents: sink.contents };
}

test('a message of 100 MiB arrives octet for octet, and is never completely in memory', async () => {
  const small = await deliver(folder.write('small.eml', message));
  const large = await deliver(writeLargeFile('large.eml', 100));
  const hash = createHash('sha256').update('\r\n');
  for (let n = 0; n < 100; n += 1) hash.update(wireBlock);
  assert.deepEqual(large.contents, [{ octets: 2 + 100 * wireBlock.length, sha256: hash.digest('hex'), recipients: 1 }]);
  assert.deepEqual([small.code, large.code], [0, 0]);
  assert.ok(large.peak - small.peak < 48, `${large.peak} MiB, and ${small.peak} MiB for a small message`);
});

test('a message that is truncated during the delivery is deferred, and the server gets no final dot', async () => {
  const file = writeLargeFile('cut.eml', 32);
  await using sink = await startLmtpSink({ onContentBegun: async () => truncateSync(file, 31 * mebibyte) });
  const { code, stdout } = await start(file, sink.destination).ended;
  const [verdict] = parseVerdicts(stdout);
  assert.deepEqual([verdict?.status, verdict?.dsn.slice(0, 1)], ['deferred', '4']);
  assert.equal(code, 75);
  await waitUntil('the end of the connection', () => sink.broken() === 1);
  assert.deepEqual(sink.contents, []);
});

test('a large message in US-ASCII needs no SMTPUTF8, although its request permits more', async () => {
  await using sink = await startLmtpSink();
  const request = makeRequest({
    message: { file: writeLargeFile('ascii.eml', 2) },
    destination: sink.destination,
    smtputf8: true,
  });
  const { child, ended } = startCommand(['deliver', '--requests', '-', '--json']);
  child.stdin.end(toJsonLines([request]));
  assert.deepEqual(
    parseVerdicts((await ended).stdout).map(({ status }) => status),
    ['sent'],
  );
});
