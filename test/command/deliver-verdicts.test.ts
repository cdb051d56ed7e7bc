/** The output of `deliver` for each recipient, and the exit code of all of them. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { runCommand } from '../support/lambda-lmtp.ts';
import { type ServerScript, startScriptedServer } from '../support/scripted-server.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { destinationOf, makeRequest, message, parseVerdicts, toJsonLines } from './requests.ts';

const folder = makeTemporaryFolder();
after(() => folder[Symbol.dispose]());
const messageFile = folder.write('message.eml', message);

const mixed: ServerScript = {
  rcpt: { 'nobody@example.com': '550 5.1.1 no such user' },
  final: { default: '250 2.0.0 saved', 'full@example.com': '452 4.2.2 mailbox full' },
};

/** Delivers one message by options. */
async function deliver(script: ServerScript, recipients: readonly string[], ...more: readonly string[]) {
  await using server = await startScriptedServer(script);
  const result = await runCommand([
    'deliver',
    ...['--sender', 'alice@example.org', '--message', messageFile, '--destination', destinationOf(server)],
    ...recipients.flatMap((recipient) => ['--recipient', recipient]),
    ...more,
  ]);
  await server.settled(5000);
  return { ...result, server, transcript: server.transcript() };
}

test('--json prints one verdict for each recipient, in the order of the request and with the fields of the delivery log', async () => {
  const recipients = ['full@example.com', 'bob@example.com', 'nobody@example.com'];
  const { code, stdout, stderr, server } = await deliver(mixed, recipients, '--json');
  const verdicts = parseVerdicts(stdout);
  const relay = `127.0.0.1[127.0.0.1]:${server.port}`;
  const host = 'host 127.0.0.1[127.0.0.1] said:';
  const shown = verdicts.map(({ id: _, delay: __, delays: ___, ...rest }) => rest);
  assert.deepEqual(shown, [
    {
      recipient: 'full@example.com',
      orig: null,
      relay,
      dsn: '4.2.2',
      status: 'deferred',
      text: `${host} 452 4.2.2 mailbox full (in reply to end of DATA command)`,
    },
    { recipient: 'bob@example.com', orig: null, relay, dsn: '2.0.0', status: 'sent', text: '250 2.0.0 saved' },
    {
      recipient: 'nobody@example.com',
      orig: null,
      relay,
      dsn: '5.1.1',
      status: 'bounced',
      text: `${host} 550 5.1.1 no such user (in reply to RCPT TO command)`,
    },
  ]);
  for (const { id, delay, delays } of verdicts) {
    assert.match(id, /^[A-Za-z0-9._-]{1,80}$/);
    assert.equal(id, verdicts[0]?.id);
    assert.ok(delay >= 0 && delay < 5, `delay=${delay}`);
    assert.equal(delays.length, 4);
  }
  assert.equal(code, 69);
  assert.equal(stderr, '');
});

test("without --json it prints Postfix's own delivery line", async () => {
  const { code, stdout, server } = await deliver({}, ['bob@example.com']);
  const number = '[0-9.]+';
  const relay = `127\\.0\\.0\\.1\\[127\\.0\\.0\\.1\\]:${server.port}`;
  const delays = `delay=${number}, delays=${number}/${number}/${number}/${number}`;
  assert.match(
    stdout,
    new RegExp(
      `^[A-Z0-9]{8}: to=<bob@example\\.com>, relay=${relay}, ${delays}, dsn=2\\.0\\.0, status=sent \\(250 2\\.0\\.0 delivered\\)\n$`,
    ),
  );
  assert.equal(code, 0);
});

describe('the exit code reports the worst outcome:', () => {
  const cases: [string, readonly string[], number][] = [
    ['0 when all were sent', ['a@example.com', 'b@example.com'], 0],
    ['75 when some were deferred and none bounced', ['a@example.com', 'full@example.com'], 75],
    ['69 when one bounced, whatever the other outcomes', ['full@example.com', 'nobody@example.com', 'a@x.test'], 69],
  ];
  for (const [name, recipients, expected] of cases) {
    test(name, async () => {
      assert.equal((await deliver(mixed, recipients, '--json')).code, expected);
    });
  }
});

test('a message for a closed port is deferred, without a relay', async () => {
  const server = await startScriptedServer({});
  await server.close();
  const args = ['--sender', '', '--recipient', 'bob@example.com', '--message', messageFile, '--json'];
  const { code, stdout } = await runCommand(['deliver', ...args, '--destination', destinationOf(server)]);
  const [verdict] = parseVerdicts(stdout);
  assert.deepEqual([verdict?.status, verdict?.dsn, verdict?.relay], ['deferred', '4.4.1', null]);
  assert.match(verdict?.text ?? '', /Connection refused$/);
  assert.equal(code, 75);
});

test('the content arrives octet for octet, with the given envelope, and the session ends with QUIT', async () => {
  const { transcript } = await deliver({}, ['bob@example.com', 'odd one@example.com']);
  const [connection] = transcript;
  assert.deepEqual(connection?.commands.slice(1), [
    'MAIL FROM:<alice@example.org>',
    'RCPT TO:<bob@example.com>',
    'RCPT TO:<"odd one"@example.com>',
    'DATA',
    '<content>',
    '.',
    'RSET',
    'QUIT',
  ]);
  const [content] = connection?.contents ?? [];
  assert.ok(content?.complete);
  assert.equal(Buffer.from(content.base64 ?? '', 'base64').toString(), message.replaceAll('\n', '\r\n'));
});

test('the null sender is the empty option', async () => {
  await using server = await startScriptedServer({});
  const args = ['--recipient', 'bob@example.com', '--message', messageFile, '--destination', destinationOf(server)];
  assert.equal((await runCommand(['deliver', '--sender', '', ...args])).code, 0);
  assert.equal(server.transcript()[0]?.commands[1], 'MAIL FROM:<>');
});

test('an unusable recipient bounces alone, in its place', async () => {
  const recipients = ['bob@example.com', '', '<angle@example.com>', 'carol@exa mple.com', 'dave@example.com'];
  const { code, stdout, transcript } = await deliver({}, recipients, '--json');
  assert.deepEqual(
    parseVerdicts(stdout).map(({ recipient, status, dsn }) => [recipient, status, dsn]),
    [
      ['bob@example.com', 'sent', '2.0.0'],
      ['', 'bounced', '5.1.3'],
      ['"<angle"@example.com>', 'bounced', '5.1.3'],
      ['carol@exa mple.com', 'bounced', '5.1.3'],
      ['dave@example.com', 'sent', '2.0.0'],
    ],
  );
  assert.deepEqual(
    transcript[0]?.commands.filter((command) => command.startsWith('RCPT')),
    ['RCPT TO:<bob@example.com>', 'RCPT TO:<dave@example.com>'],
  );
  assert.equal(code, 69);
});

describe('a line end in an address never reaches the server:', () => {
  for (const [name, end] of [
    ['CR LF', '\r\n'],
    ['LF', '\n'],
    ['CR', '\r'],
    ['a vertical tab', '\v'],
  ] as const) {
    test(`${name} in --recipient bounces it, on one line of output`, async () => {
      const evil = `bob@example.com>${end}RCPT TO:<eve@example.com`;
      const { code, stdout, transcript } = await deliver({}, ['carol@example.com', evil]);
      assert.equal(stdout.split('\n').length, 3, stdout);
      assert.match(stdout, /status=sent .*\n.*dsn=5\.1\.3, status=bounced \(.*control character/);
      assert.deepEqual(
        transcript[0]?.commands.filter((command) => /RCPT|eve/.test(command)),
        ['RCPT TO:<carol@example.com>'],
      );
      assert.equal(code, 69);
    });

    test(`${name} in --sender makes the request unusable, and nothing is sent`, async () => {
      await using server = await startScriptedServer({});
      const args = ['--recipient', 'bob@example.com', '--message', messageFile, '--destination', destinationOf(server)];
      const { code, stdout, stderr } = await runCommand(['deliver', '--sender', `a@b${end}DATA`, ...args]);
      assert.equal(code, 65);
      assert.equal(stdout, '');
      assert.match(stderr, /^--sender: .*control character U\+00[01][0-9A-F]\n$/);
      assert.equal(server.transcript().length, 0);
    });
  }
});

test('an address in UTF-8 gets the mail if the server supports it', async () => {
  const script = { capabilities: ['PIPELINING', '8BITMIME', 'SMTPUTF8'] };
  const { code, transcript } = await deliver(script, ['zoë@example.com'], '--json');
  assert.equal(code, 0);
  assert.match(transcript[0]?.commands[1] ?? '', /^MAIL FROM:<alice@example\.org>.* SMTPUTF8/);
  assert.equal(transcript[0]?.commands[2], 'RCPT TO:<zoë@example.com>');
});

test('no reply of a server can move the cursor of a terminal', async () => {
  const { stdout } = await deliver({ rcpt: { default: '550 5.1.1 gone\x1b[2J\x07' } }, ['bob@example.com']);
  assert.match(stdout, /550 5\.1\.1 gone/);
  assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f]/);
});

test('a request that names its recipients twice gets a verdict for each', async () => {
  await using server = await startScriptedServer({});
  const request = makeRequest({
    id: '4bXq1',
    recipients: [{ address: 'bob@example.com', original: 'b@example.com' }, 'bob@example.com'],
    destination: destinationOf(server),
  });
  const { stdout } = await runCommand(['deliver', '--requests', '-', '--json'], {
    cwd: folder.path,
    input: toJsonLines([request]),
  });
  assert.deepEqual(
    parseVerdicts(stdout).map(({ id, recipient, orig, status }) => [id, recipient, orig, status]),
    [
      ['4bXq1', 'bob@example.com', 'b@example.com', 'sent'],
      ['4bXq1', 'bob@example.com', null, 'sent'],
    ],
  );
});
