/** `lambda-lmtp check` as an operator uses it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { CheckReport } from '../../functions/check/report.ts';
import type { LocalEndpoint } from '../../infra/local/calls/local-endpoint.ts';
import { startLambdaEndpoint } from '../../infra/local/lambda-endpoint.ts';
import { startBlackHole } from '../support/black-hole.ts';
import { testCertificates } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { type CommandResult, runCommand } from '../support/lambda-lmtp.ts';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { findSecrets } from '../support/secret-search.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { testSecrets } from '../support/test-secrets.ts';

const folder = makeTemporaryFolder();
after(() => folder[Symbol.dispose]());

const run = (...args: readonly string[]): Promise<CommandResult> => runCommand(['check', ...args]);
const at = (server: ScriptedServer) => `inet:127.0.0.1:${server.port}`;
const parameters = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).flatMap(([name, value]) => ['--parameter', `${name}=${value}`]);

test('a healthy server gives one line or several for each step, in order', async () => {
  const { right, authority } = await testCertificates();
  await using server = await startScriptedServer({
    greeting: '220 imap1 LMTP ready',
    tls: { certificate: right, capabilities: ['PIPELINING', 'AUTH PLAIN'] },
    auth: ['235 2.7.0 ok'],
    rcpt: { 'nobody@x.test': '550 5.1.1 unknown' },
  });
  const passwords = folder.write('sasl_passwd', `127.0.0.1 mx-relay:${testSecrets.password}\n`);
  const given = parameters({
    lmtp_tls_security_level: 'verify',
    lmtp_tls_CAfile: folder.write('ca.pem', authority.cert),
    lmtp_sasl_tls_security_options: 'noanonymous',
  });
  const probe = ['--recipient', 'postmaster@x.test', '--recipient', 'nobody@x.test', '--sender', 'me@x.test'];
  const { code, stdout, stderr } = await run(
    at(server),
    ...given,
    ...probe,
    '--sasl-password-maps',
    passwords,
    '--transcript',
  );
  const lines = stdout
    .replaceAll(String(server.port), 'PORT')
    .replace(/open, in [\d.]+ ms/, 'open, in N ms')
    .replace(/\d{4}-\d\d-\d\d/, 'DATE')
    .replace(/(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/, 'FINGERPRINT')
    .split('\n');
  assert.deepEqual(lines, [
    'inet:127.0.0.1:PORT',
    '  name         an IP address; no look-up is needed',
    '',
    '127.0.0.1[127.0.0.1]:PORT',
    '  port         open, in N ms',
    '  greeting     220 imap1 LMTP ready',
    '  TLS          TLSv1.3 by STARTTLS, TLS_AES_256_GCM_SHA384; level verify',
    '  certificate  matches',
    '               CN=localhost; for localhost, 127.0.0.1',
    '               29 days left, until DATE; issuer: CN=Test authority',
    '               sha256 FINGERPRINT',
    '  LHLO         PIPELINING',
    '               AUTH PLAIN',
    `  AUTH         PLAIN as mx-relay (texthash:${passwords})`,
    '  MAIL         <me@x.test> 250 2.1.0 sender ok',
    '  RCPT         <postmaster@x.test> 250 2.1.5 recipient ok',
    '✗ RCPT         <nobody@x.test> 550 5.1.1 unknown',
    '               → The server knows no such mailbox. Check whether it expects full addresses or local parts (Dovecot: auth_username_format; Cyrus: virtdomains, defaultdomain).',
    '',
    'Mail would be bounced (5.1.1): host 127.0.0.1[127.0.0.1] said: 550 5.1.1 unknown (in reply to RCPT TO command)',
    '',
  ]);
  assert.equal(code, 69);
  assert.match(stderr, /^C: AUTH PLAIN <hidden>$/m);
  assert.deepEqual(findSecrets(stdout + stderr), []);
  const [connection] = server.transcript();
  assert.ok(connection);
  assert.ok(connection.commands.includes('RSET'));
  assert.ok(!connection.commands.some((command) => /^(DATA|BDAT)/.test(command)));
  assert.deepEqual(server.rawContents, []);
});

describe('the exit status says what would happen to mail:', () => {
  test('0 if all is well', async () => {
    await using server = await startScriptedServer({});
    const { code, stdout } = await run(at(server));
    assert.equal(code, 0);
    assert.match(stdout, /All is well\. Nothing was delivered\.\n$/);
  });

  test('0 with warnings', async () => {
    await using server = await startScriptedServer({});
    const file = folder.write('others', 'other.test joe:x\n');
    const { code, stdout } = await run(at(server), '--sasl-password-maps', file);
    assert.equal(code, 0);
    assert.match(stdout, /^! AUTH /m);
  });

  test('75 if it would wait', async () => {
    const { code, stdout } = await run(`127.0.0.1:${await freePort()}`);
    assert.equal(code, 75);
    assert.match(stdout, /^✗ port {9}refused: Connection refused$/m);
    assert.match(stdout, /service lmtp \{/);
    assert.match(stdout, /lmtp cmd="lmtpd"/);
  });

  test('69 if it would bounce', async () => {
    await using server = await startScriptedServer({ rcpt: { default: '550 5.1.1 unknown' } });
    assert.equal((await run(at(server), '--recipient', 'a@x.test')).code, 69);
  });
});

test('a port that drops packets ends the check after some seconds, or after the requested time', async () => {
  await using hole = await startBlackHole();
  const { code, stdout } = await run(`127.0.0.1:${hole.port}`, '--parameter', 'lmtp_connect_timeout=1s');
  assert.equal(code, 75);
  assert.match(stdout, /^✗ port {9}filtered: no answer in 1 s$/m);
  const { stdout: help } = await run('--help');
  assert.match(help, /connecting: 10s/);
});

test('--json prints one object, and nothing else', async () => {
  await using server = await startScriptedServer({ lhlo: '502 5.5.2 not known' });
  const { code, stdout } = await run(at(server), '--json');
  const report = JSON.parse(stdout) as CheckReport;
  assert.equal(stdout.split('\n').length, 2);
  assert.equal(code, 75);
  const { destination, outcome, hops } = report;
  assert.deepEqual([destination, outcome], [at(server), 'deferred']);
  assert.deepEqual(
    hops[0]?.servers[0]?.steps.map(({ step, result }) => [step, result]),
    [
      ['port', 'ok'],
      ['greeting', 'ok'],
      ['LHLO', 'failed'],
    ],
  );
  assert.partialDeepStrictEqual(hops[0]?.servers[0]?.steps.at(-1), {
    step: 'LHLO',
    result: 'failed',
    text: '502 5.5.2 not known',
    finding: 'SMTP server',
    verdict: { status: 'deferred', dsn: '4.5.2' },
  });
});

describe('a usage error is reported, and nothing is tried:', () => {
  const cases: [string, readonly string[], RegExp][] = [
    ['no destination', [], /missing required argument 'destination'/],
    ['an invalid destination', ['inet:'], /^error: destination: "inet:"/],
    ['port 25', ['imap1:25'], /^error: destination: "imap1:25": LMTP must not be used on port 25.*usually 24/],
    ['an address that ends a command', ['x:24', '--recipient', 'a@x\nDATA'], /^error: --recipient: "a@x\\nDATA" holds/],
    ['an unknown parameter', ['x:24', '--parameter', 'lmtp_nothing=1'], /^error: lmtp_nothing: /],
    ['parameters for a function', ['x:24', '--function', 'f', '--parameter', 'soft_bounce=yes'], /cannot be combined/],
  ];
  for (const [what, args, said] of cases) {
    test(what, async () => {
      const { code, stdout, stderr } = await run(...args);
      assert.match(stderr, said);
      assert.equal(stdout, '');
      assert.equal(code, 64);
    });
  }
});

describe('--function', () => {
  let lambda: LocalEndpoint;
  const asked: unknown[] = [];
  const report: CheckReport = {
    destination: 'inet:imap1:24',
    checked: '2026-11-22T08:00:00.000Z',
    outcome: 'well',
    hops: [
      {
        hop: 'inet:imap1:24',
        servers: [{ relay: 'imap1[10.0.3.17]:24', steps: [{ step: 'greeting', result: 'ok', text: '220 \u001b[2J' }] }],
      },
    ],
  };
  const failed = (errorType: string, errorMessage: string) => ({
    invoke: async () => ({ kind: 'failed', errorType, errorMessage, trace: '' }) as const,
  });

  before(async () => {
    lambda = await startLambdaEndpoint({
      check: {
        invoke: async (event) => {
          asked.push(event);
          return { kind: 'returned', value: report };
        },
      },
      wrong: failed('RequestError', 'destination: "x" is not allowed by this stack; allowed: inet:imap1:24'),
      late: failed('Sandbox.Timedout', 'Task timed out after 300.00 seconds'),
      other: { invoke: async () => ({ kind: 'returned', value: { batchItemFailures: [] } }) },
    });
  });
  after(() => lambda?.close());

  const ask = (name: string, ...args: readonly string[]) =>
    runCommand(['check', 'inet:imap1:24', '--function', name, ...args], {
      env: {
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint,
      },
    });

  test('calls that function, and prints its answer in the same form', async () => {
    const { code, stdout } = await ask('check', '--recipient', 'a@x.test', '--pending');
    assert.equal(code, 0);
    assert.match(stdout, /^imap1\[10\.0\.3\.17\]:24\n {2}greeting {5}220 \\u001b\[2J$/m);
    assert.match(stdout, /All is well/);
    assert.deepEqual(asked.at(-1), {
      destination: 'inet:imap1:24',
      pending: true,
      sender: '',
      recipients: ['a@x.test'],
    });
  });

  test('prints the JSON of the function', async () => {
    assert.deepEqual(JSON.parse((await ask('check', '--json')).stdout), report);
  });

  test('reports what the function does not allow as a usage error', async () => {
    const { code, stderr } = await ask('wrong');
    assert.equal(code, 64);
    assert.match(stderr, /^error: destination: "x" is not allowed by this stack; allowed: inet:imap1:24/);
  });

  test('that fails, does not exist, or is another function leaves the question open', async () => {
    for (const [name, said] of [
      ['late', /late failed: Task timed out/],
      [
        'unknown',
        /unknown could not be invoked: ResourceNotFoundException: lambda:InvokeFunction failed, because the function "unknown" does not exist in the region [\w-]+: use the output CheckFunctionName/,
      ],
      ['other', /other returned no check report: is it the check function\?/],
    ] as const) {
      const { code, stderr, stdout } = await ask(name);
      assert.match(stderr, said);
      assert.equal(stdout, '');
      assert.equal(code, 75);
    }
  });
});
