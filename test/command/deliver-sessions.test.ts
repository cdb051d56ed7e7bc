/** The sessions of `deliver`, its concurrency, and the output of --transcript. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { runCommand, startCommand } from '../support/lambda-lmtp.ts';
import { andThen, type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { waitUntil } from '../support/wait-until.ts';
import { destinationOf, makeRequest, message, parseVerdicts, toJsonLines } from './requests.ts';

const folder = makeTemporaryFolder();
after(() => folder[Symbol.dispose]());
folder.write('message.eml', message);

const to = (recipient: string, server: ScriptedServer) =>
  makeRequest({ recipients: [recipient], destination: destinationOf(server) });

function start(requests: readonly unknown[], ...more: readonly string[]) {
  const file = folder.write('requests.jsonl', toJsonLines(requests));
  const running = startCommand(['deliver', '--requests', file, '--json', ...more], { cwd: folder.path });
  running.child.stdin.end();
  return running;
}

const deliver = (requests: readonly unknown[], ...more: readonly string[]) => start(requests, ...more).ended;

/** Returns the recipients that a server has received so far. */
const namedTo = (server: ScriptedServer) =>
  server.transcript().flatMap(({ commands }) => commands.filter((command) => command.startsWith('RCPT')));

test('requests for one destination share a session, each use of which ends with RSET', async () => {
  await using server = await startScriptedServer({});
  const { stdout } = await deliver(['a@x.test', 'b@x.test', 'c@x.test'].map((recipient) => to(recipient, server)));
  assert.deepEqual(
    parseVerdicts(stdout).map(({ conn_use }) => conn_use),
    [undefined, 2, 3],
  );
  assert.ok(await server.settled(5000));
  const connections = server.transcript();
  assert.equal(connections.length, 1);
  assert.deepEqual(
    connections[0]?.commands
      .filter((command) => /^(?:LHLO|RSET|RCPT|QUIT)/.test(command))
      .map((line) => line.slice(0, 4)),
    ['LHLO', 'RCPT', 'RSET', 'RCPT', 'RSET', 'RCPT', 'RSET', 'QUIT'],
  );
});

test('without lmtp_cache_connection each request has its own session', async () => {
  await using server = await startScriptedServer({});
  const requests = [to('a@x.test', server), to('b@x.test', server)];
  const { stdout } = await deliver(requests, '--parameter', 'lmtp_cache_connection=no');
  assert.deepEqual(
    parseVerdicts(stdout).map(({ conn_use }) => conn_use),
    [undefined, undefined],
  );
  assert.equal(server.transcript().length, 2);
});

test('a server that loses count gets one recipient at a time, unless short_reply_fallback_time=0', async () => {
  for (const [time, transactions] of [
    ['1d', 3],
    ['0', 2],
  ] as const) {
    await using server = await startScriptedServer({ final_extra: ['250 2.0.0 stray'] });
    const both = { ...to('a@x.test', server), recipients: ['a@x.test', 'b@x.test'] };
    await deliver([both, both], '--parameter', `short_reply_fallback_time=${time}`);
    assert.ok(await server.settled(5000));
    const commands = server.transcript().flatMap((connection) => connection.commands);
    assert.equal(commands.filter((command) => command.startsWith('MAIL')).length, transactions, time);
  }
});

test('a session that the server has closed since costs the next request nothing', async () => {
  await using server = await startScriptedServer({
    connections: { '1': { final: { default: andThen('close', '250 2.0.0 ok') } } },
  });
  const { code, stdout } = await deliver([to('a@x.test', server), to('b@x.test', server)]);
  assert.deepEqual(
    parseVerdicts(stdout).map(({ status }) => status),
    ['sent', 'sent'],
  );
  assert.equal(code, 0);
});

test('--batch delivers to destinations concurrently: the second does not wait for the first', async () => {
  const silent = await startScriptedServer({ greeting: andThen('silence') });
  await using prompt = await startScriptedServer({});
  const requests = [to('slow@x.test', silent), to('quick@x.test', prompt), to('quick2@x.test', prompt)];
  const { ended, stdout } = start(requests, '--batch', '3');
  try {
    // The first has sent no greeting yet, and sends none before the others have been delivered.
    await waitUntil('two messages while one destination is silent', () => {
      const [connection] = prompt.transcript();
      return connection?.commands.filter((command) => command === '.').length === 2;
    });
    assert.equal(silent.transcript()[0]?.end ?? 'open', 'open');
    assert.equal(stdout(), '');
  } finally {
    await silent.close();
  }
  const result = await ended;
  assert.deepEqual(
    parseVerdicts(result.stdout).map(({ recipient, status, conn_use }) => [recipient, status, conn_use]),
    [
      ['slow@x.test', 'deferred', undefined],
      ['quick@x.test', 'sent', undefined],
      ['quick2@x.test', 'sent', 2],
    ],
  );
  assert.equal(result.code, 75);
});

test('without --batch requests wait for each other', async () => {
  await using first = await startScriptedServer({ greeting: andThen('silence') });
  await using second = await startScriptedServer({});
  const { ended } = start([to('a@x.test', first), to('b@x.test', second)], '--transcript');
  await waitUntil('a connection to the first', () => first.transcript().length === 1);
  assert.deepEqual(namedTo(second), []);
  await first.close();
  const { stdout, stderr } = await ended;
  assert.deepEqual(
    parseVerdicts(stdout).map(({ status }) => status),
    ['deferred', 'sent'],
  );
  assert.deepEqual(stderr.match(/RCPT.*/g), ['RCPT TO:<b@x.test>']);
});

test('in a batch, one destination in two spellings is still one: its requests share a session', async () => {
  await using server = await startScriptedServer({});
  const requests = [
    { ...to('a@x.test', server), destination: `inet:127.0.0.1:${server.port}` },
    { ...to('b@x.test', server), destination: `127.0.0.1:${server.port}` },
  ];
  const { stdout } = await deliver(requests, '--batch', '2');
  assert.deepEqual(
    parseVerdicts(stdout).map(({ conn_use }) => conn_use),
    [undefined, 2],
  );
  assert.equal(server.transcript().length, 1);
});

test('a batch larger than the session cache prints every verdict in request order', async () => {
  await using one = await startScriptedServer({});
  await using two = await startScriptedServer({});
  const names = Array.from({ length: 25 }, (_, n) => `user${n}@x.test`);
  const requests = names.map((name, n) => to(name, n % 3 === 0 ? one : two));
  const { code, stdout } = await deliver(requests, '--batch', '10');
  assert.deepEqual(
    parseVerdicts(stdout).map(({ recipient }) => recipient),
    names,
  );
  assert.equal(code, 0);
});

for (const batch of ['0', '-1', 'two', '1.5', '']) {
  test(`--batch ${JSON.stringify(batch)} is a usage error that says what is allowed`, async () => {
    const { code, stderr } = await deliver([], '--batch', batch);
    assert.equal(code, 64);
    assert.match(stderr, /--batch.*1 to 9999/);
  });
}

test('a unix-domain socket can be a destination, and its path is the relay', async () => {
  await using server = await startScriptedServer({ listen: 'unix' });
  const requests = [to('a@x.test', server), to('b@x.test', server)];
  const { code, stdout } = await deliver(requests, '--parameter', 'myhostname=mail.test');
  assert.deepEqual(
    parseVerdicts(stdout).map(({ relay, status, conn_use }) => [relay, status, conn_use]),
    [
      [`mail.test[${server.path}]`, 'sent', undefined],
      [`mail.test[${server.path}]`, 'sent', 2],
    ],
  );
  assert.equal(server.transcript()[0]?.commands[0], 'LHLO mail.test');
  assert.equal(code, 0);
});

test('--transcript writes the dialogue to stderr, in both directions and without the content', async () => {
  await using server = await startScriptedServer({ capabilities: ['PIPELINING'] });
  const { stdout, stderr } = await deliver(
    [to('a@x.test', server)],
    '--transcript',
    '--parameter',
    'myhostname=mail.test',
  );
  assert.deepEqual(stderr.trimEnd().split('\n'), [
    'S: 220 lmtp.test LMTP ready',
    'C: LHLO mail.test',
    'S: 250-lmtp.test',
    'S: 250 PIPELINING',
    'C: MAIL FROM:<alice@example.org>',
    'C: RCPT TO:<a@x.test>',
    'C: DATA',
    'S: 250 2.1.0 sender ok',
    'S: 250 2.1.5 recipient ok',
    'S: 354 go ahead',
    'C: <content>',
    'C: .',
    'S: 250 2.0.0 delivered',
    'C: RSET',
    'S: 250 2.0.0 reset',
    'C: QUIT',
  ]);
  assert.equal(parseVerdicts(stdout).length, 1);
});

test('an address in UTF-8 is not sent to a server without SMTPUTF8, and is to one with it', async () => {
  await using without = await startScriptedServer({ capabilities: ['8BITMIME', 'DSN'] });
  await using with_ = await startScriptedServer({ capabilities: ['SMTPUTF8'] });
  const { stdout, stderr } = await deliver([to('zoë@x.test', without), to('zoë@x.test', with_)], '--transcript');
  assert.deepEqual(
    parseVerdicts(stdout).map(({ status, dsn }) => [status, dsn]),
    [
      ['bounced', '5.6.7'],
      ['sent', '2.0.0'],
    ],
  );
  assert.equal(stderr.match(/^C: RCPT/gm)?.length, 1);
  assert.match(stderr, /^C: MAIL FROM:<.*> .*SMTPUTF8$/m);
});

test('a reply in a transcript cannot move the cursor of a terminal', async () => {
  await using server = await startScriptedServer({ greeting: '220 \x1b[2J\u009b2J' });
  const { stderr } = await deliver([to('a@x.test', server)], '--transcript');
  assert.match(stderr, /^S: 220 \?\[2J\?2J$/m);
});

test('--transcript of several concurrent sessions keeps its lines whole', async () => {
  await using one = await startScriptedServer({});
  await using two = await startScriptedServer({});
  const { stderr } = await deliver([to('a@x.test', one), to('b@x.test', two)], '--batch', '2', '--transcript');
  for (const line of stderr.trimEnd().split('\n')) assert.match(line, /^[CS]: \S/);
});

test('the command ends when the work is done, not when the server has closed', async () => {
  await using server = await startScriptedServer({ quit: andThen('silence') });
  const { code } = await runCommand(
    [
      'deliver',
      '--sender',
      '',
      '--recipient',
      'a@x.test',
      '--message',
      'message.eml',
      '--destination',
      destinationOf(server),
    ],
    { cwd: folder.path },
  );
  assert.equal(code, 0);
  assert.ok(await server.settled(5000));
  assert.equal(server.transcript()[0]?.commands.at(-1), 'QUIT');
});
