/** `deliver --requests`: the sources of requests and messages, and the handling of malformed requests. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { runCommand, startCommand } from '../support/lambda-lmtp.ts';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { waitUntil } from '../support/wait-until.ts';
import { destinationOf, makeRequest, message, parseVerdicts, toJsonLines } from './requests.ts';

const folder = makeTemporaryFolder();
after(() => folder[Symbol.dispose]());
const messageFile = folder.write('message.eml', message);
folder.write('other.eml', 'Subject: the other one\n\n');

let server: ScriptedServer;
before(async () => {
  server = await startScriptedServer({ rcpt: { 'nobody@example.com': '550 5.1.1 no such user' } });
});
after(() => server.close());

const to = (recipient: string, fields: Readonly<Record<string, unknown>> = {}) =>
  makeRequest({ recipients: [recipient], destination: destinationOf(server), ...fields });

/** Delivers requests from a file. */
async function deliver(requests: readonly unknown[], ...more: readonly string[]) {
  const file = folder.write('requests.jsonl', toJsonLines(requests));
  return await runCommand(['deliver', '--requests', file, '--json', ...more], { cwd: folder.path });
}

const recipientsOf = (stdout: string) => parseVerdicts(stdout).map(({ recipient }) => recipient);

test('requests are delivered in the order of the file; empty lines are skipped', async () => {
  const { code, stdout } = await deliver([to('a@example.com', { id: 'first' }), '', '  ', to('b@example.com')]);
  const verdicts = parseVerdicts(stdout);
  assert.deepEqual(
    verdicts.map(({ recipient, status }) => [recipient, status]),
    [
      ['a@example.com', 'sent'],
      ['b@example.com', 'sent'],
    ],
  );
  assert.equal(verdicts[0]?.id, 'first');
  assert.equal(code, 0);
});

test('a file without requests is no error', async () => {
  assert.deepEqual(await deliver([]), { code: 0, stdout: '', stderr: '' });
});

test('- reads from standard input, and each request is delivered as soon as it arrives', async () => {
  const { child, ended, stdout } = startCommand(['deliver', '--requests', '-', '--json'], { cwd: folder.path });
  child.stdin.write(toJsonLines([to('a@example.com')]));
  await waitUntil('the first verdict, while standard input is open', () => stdout().endsWith('\n'));
  assert.deepEqual(recipientsOf(stdout()), ['a@example.com']);
  child.stdin.end(toJsonLines([to('b@example.com')]));
  const result = await ended;
  assert.deepEqual(recipientsOf(result.stdout), ['a@example.com', 'b@example.com']);
  assert.equal(result.code, 0);
});

test('the last line needs no line end', async () => {
  const input = toJsonLines([to('a@example.com'), to('b@example.com')]).trimEnd();
  const { stdout } = await runCommand(['deliver', '--requests', '-', '--json'], { cwd: folder.path, input });
  assert.deepEqual(recipientsOf(stdout), ['a@example.com', 'b@example.com']);
});

test('lines may end in CR LF, and the first may begin with a byte order mark', async () => {
  const input = `\ufeff${toJsonLines([to('a@example.com'), '', to('b@example.com')]).replaceAll('\n', '\r\n')}`;
  const options = { cwd: folder.path, input };
  const { code, stdout, stderr } = await runCommand(['deliver', '--requests', '-', '--json'], options);
  assert.equal(stderr, '');
  assert.deepEqual(recipientsOf(stdout), ['a@example.com', 'b@example.com']);
  assert.equal(code, 0);
});

test('a line separator of Unicode ends no line, because JSON may contain it', async () => {
  const { code, stdout, stderr } = await deliver([
    to('a@example.com', { dsn: { envid: 'one\u2028two' } }),
    to('b@example.com'),
  ]);
  assert.match(stderr, /^[^\n]*:1: dsn\.envid: "one\\u2028two" is not allowed; [^\n]*\n$/);
  assert.deepEqual(recipientsOf(stdout), ['b@example.com']);
  assert.equal(code, 65);
});

test('a line that is not UTF-8 is malformed, because its addresses are unknown', async () => {
  const line = Buffer.from(toJsonLines([to('zo\u00eb@example.com')]), 'latin1');
  const file = folder.write('latin1.jsonl', line);
  const { code, stdout, stderr } = await runCommand(['deliver', '--requests', file], { cwd: folder.path });
  assert.match(stderr, /latin1\.jsonl:1: request: is not UTF-8\n$/);
  assert.equal(stdout, '');
  assert.equal(code, 65);
});

test('the command ends silently when its output is closed', async () => {
  const { child, ended, stdout } = startCommand(['deliver', '--requests', '-', '--json'], { cwd: folder.path });
  try {
    child.stdin.write(toJsonLines([to('a@example.com')]));
    await waitUntil('the first verdict', () => stdout().endsWith('\n'));
    child.stdout.destroy();
    child.stdin.write(toJsonLines([to('b@example.com')]));
    const { code, stderr } = await ended;
    assert.equal(code, 74);
    assert.equal(stderr, '');
  } finally {
    child.kill();
  }
});

test("a message's file is relative to the current directory, wherever the requests are", async () => {
  mkdirSync(`${folder.path}/elsewhere`);
  const file = folder.write('elsewhere/requests.jsonl', toJsonLines([to('a@example.com')]));
  const run = (cwd: string) => runCommand(['deliver', '--requests', file, '--json'], { cwd });
  assert.equal((await run(folder.path)).code, 0);
  const lost = await run(`${folder.path}/elsewhere`);
  assert.equal(lost.code, 65);
  assert.match(lost.stderr, /requests\.jsonl:1: message\.file: /);
});

test('--destination applies to requests without a destination', async () => {
  await using other = await startScriptedServer({});
  const requests = [to('a@example.com'), to('b@example.com', { destination: undefined })];
  const { stdout } = await deliver(requests, '--destination', destinationOf(other));
  assert.deepEqual(
    parseVerdicts(stdout).map(({ relay }) => relay),
    [`127.0.0.1[127.0.0.1]:${server.port}`, `127.0.0.1[127.0.0.1]:${other.port}`],
  );
});

describe('a malformed request is named with file, line and field, and the others are delivered:', () => {
  const cases: [string, unknown, RegExp][] = [
    ['no JSON', '{"version": 1,', /request: is not JSON/],
    ['no object', [1], /request: \[1\] is not an object/],
    ['a missing field', { version: 1, recipients: ['a@b'], message: { file: 'x' } }, /sender: is missing/],
    ['an unknown field', makeRequest({ recipient: 'a@b' }), /recipient: is not a field; allowed are /],
    ['another version', makeRequest({ version: 2 }), /version: 2 is not allowed; expected 1/],
    ['a value that is not allowed', makeRequest({ body: '8bit' }), /body: "8bit" is not allowed/],
    ['no recipients', makeRequest({ recipients: [] }), /recipients: \[\] is not allowed/],
    ['a CR in the sender', makeRequest({ sender: 'a@b\rDATA' }), /sender: "a@b\\rDATA" holds .* U\+000D/],
    ['no destination at all', makeRequest({}), /destination: is missing/],
    ['an invalid destination', makeRequest({ destination: 'inet:host:99999' }), /destination: .*99999/],
    ['a missing message', makeRequest({ message: { file: 'none.eml' } }), /message\.file: .*none\.eml/],
    ['a message that is a directory', makeRequest({ message: { file: '.' } }), /message\.file: /],
  ];
  for (const [name, request, wanted] of cases) {
    test(name, async () => {
      const destination = name.includes('message') ? { destination: destinationOf(server) } : {};
      const malformed = typeof request === 'object' ? { ...request, ...destination } : request;
      const { code, stdout, stderr } = await deliver([
        to('a@example.com'),
        Array.isArray(request) ? request : malformed,
        to('b@example.com'),
      ]);
      assert.match(stderr, /^[^\n]*requests\.jsonl:2: [^\n]+\n$/);
      assert.match(stderr, wanted);
      assert.deepEqual(recipientsOf(stdout), ['a@example.com', 'b@example.com']);
      assert.equal(code, 65);
    });
  }
});

test('a malformed request outweighs a bounce in the exit code', async () => {
  assert.equal((await deliver([to('nobody@example.com'), '[]'])).code, 65);
});

test('the error of a line cannot move the cursor of a terminal', async () => {
  const { stderr } = await deliver(['\x1b[2J{}', makeRequest({ '\u009b2Jx': 1 })]);
  assert.match(stderr, /requests\.jsonl:1: request: is not JSON/);
  assert.match(stderr, /requests\.jsonl:2: /);
  assert.doesNotMatch(stderr, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
});

test('a line of standard input is named too', async () => {
  const { code, stderr } = await runCommand(['deliver', '--requests', '-'], { input: '\n{}\n' });
  assert.match(stderr, /^-:2: version: is missing/);
  assert.equal(code, 65);
});

test('each recipient of a request may be an object', async () => {
  await using dsnServer = await startScriptedServer({ capabilities: ['PIPELINING', 'DSN'] });
  const recipients = [{ address: 'a@example.com', notify: ['FAILURE', 'DELAY'], orcpt: 'rfc822;c+d@example.com' }];
  const request = to('', { recipients, dsn: { ret: 'HDRS', envid: 'QQ=1' }, destination: destinationOf(dsnServer) });
  assert.equal((await deliver([request])).code, 0);
  assert.deepEqual(dsnServer.transcript()[0]?.commands.slice(1, 3), [
    'MAIL FROM:<alice@example.org> ENVID=QQ+3D1 RET=HDRS',
    'RCPT TO:<a@example.com> ORCPT=rfc822;c+2Bd@example.com NOTIFY=FAILURE,DELAY',
  ]);
});

test('the delay is counted from the arrival of the request', async () => {
  const arrival = new Date(Date.now() - 3_600_000).toISOString();
  const [verdict] = parseVerdicts((await deliver([to('a@example.com', { arrival })])).stdout);
  assert.ok(verdict !== undefined && verdict.delay >= 3600 && verdict.delay < 3660, `delay=${verdict?.delay}`);
  assert.equal(verdict.delays[0], verdict.delay);
});

test('a message may be a file with an absolute path', async () => {
  const { code } = await runCommand(['deliver', '--requests', '-'], {
    input: toJsonLines([to('a@example.com', { message: { file: messageFile } })]),
  });
  assert.equal(code, 0);
});
