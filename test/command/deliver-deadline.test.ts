/** `deliver --deadline` ends the whole run, whatever a server, a name server or the source of the requests does. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { prepareJob, runJob } from '../../functions/command/delivery-job.ts';
import { deadlineAfter } from '../../functions/session/limit.ts';
import { nameService, testAgent } from '../support/delivery-agent.ts';
import { runCommand, startCommand } from '../support/lambda-lmtp.ts';
import { type RawServer, startRawServer } from '../support/raw-server.ts';
import { startScriptedServer } from '../support/scripted-server.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { makeRequest, message, parseVerdicts, toJsonLines } from './requests.ts';

const folder = makeTemporaryFolder();
const messageFile = folder.write('message.eml', message);
let connections = 0;
let dripping: RawServer;
/** Each octet arrives before the time-out of the greeting ends, and none is the last. */
before(async () => {
  dripping = await startRawServer((socket) => {
    connections += 1;
    socket.write('220-');
    const timer = setInterval(() => socket.write('x'), 50);
    socket.on('close', () => clearInterval(timer));
  });
});
after(async () => {
  await dripping?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const request = (id: string, port: number) =>
  makeRequest({ id, message: { file: messageFile }, destination: `inet:127.0.0.1:${port}` });

test('a server that sends one octet at a time: the recipients are deferred with the reason, and the rest is not attempted', async () => {
  const file = folder.write('two.jsonl', toJsonLines([request('a', dripping.port), request('b', dripping.port)]));
  const { code, stdout } = await runCommand(['deliver', '--requests', file, '--json', '--deadline', '2s']);
  assert.deepEqual(
    parseVerdicts(stdout).map(({ id, status, dsn, text }) => [id, status, dsn, text.replace(/ with \S+ /, ' ')]),
    [
      [
        'a',
        'deferred',
        '4.4.2',
        "conversation ran out of this invocation's time while receiving the initial server greeting",
      ],
      ['b', 'deferred', '4.3.0', 'not attempted: the deadline of this run (--deadline) has passed'],
    ],
  );
  assert.equal(code, 75);
  assert.equal(connections, 1);
});

test('a server that sends its reply to the dot octet by octet: the recipient is deferred, in doubt', async () => {
  await using server = await startScriptedServer({
    final: { default: { reply: '250 2.0.0', pad_to: 900, byte_gap_ms: 100 } },
  });
  const file = folder.write('one.jsonl', toJsonLines([request('a', server.port)]));
  const { code, stdout } = await runCommand(['deliver', '--requests', file, '--json', '--deadline', '6s']);
  const [verdict] = parseVerdicts(stdout);
  assert.partialDeepStrictEqual(verdict, { status: 'deferred', in_doubt: true });
  assert.match(verdict?.text ?? '', /ran out of this invocation's time while sending end of data/);
  assert.equal(code, 75);
});

test('endless requests: those that were read have their verdict, and the others are reported', async () => {
  await using server = await startScriptedServer({});
  const { child, ended } = startCommand(['deliver', '--requests', '-', '--json', '--batch', '2', '--deadline', '8s']);
  // The third one waits for a fourth when the deadline expires.
  child.stdin.write(toJsonLines(['a', 'b', 'c'].map((id) => request(id, server.port))));
  const { code, stdout, stderr } = await ended;
  assert.deepEqual(
    parseVerdicts(stdout).map(({ id, status }) => `${id} ${status}`),
    ['a sent', 'b sent', 'c deferred'],
  );
  assert.match(stderr, /^--deadline: it passed before all requests were read/);
  assert.equal(code, 75);
});

test('a name server that does not answer: the recipients are deferred with the reason', async () => {
  const names = { ...nameService({}), lookUp: () => new Promise<never>(() => {}) };
  const recipients = [{ address: 'bob@example.com' }];
  const job = await prepareJob(
    { sender: '', recipients, message: { file: messageFile }, destination: 'inet:mail.example:24' },
    undefined,
  );
  const [line] = await runJob(job, testAgent({}, { names }), deadlineAfter(200));
  assert.partialDeepStrictEqual(line, {
    status: 'deferred',
    dsn: '4.4.3',
    text: "looking up mail.example ran out of this invocation's time",
  });
});
