/** Wrong options of `deliver`, and their errors. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { runCommand } from '../support/lambda-lmtp.ts';
import { andThen, type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { destinationOf, message, parseVerdicts } from './requests.ts';

const folder = makeTemporaryFolder();
after(() => folder[Symbol.dispose]());
const messageFile = folder.write('message.eml', message);
const requestsFile = folder.write('requests.jsonl', '');

let server: ScriptedServer;
before(async () => {
  server = await startScriptedServer({});
});
after(() => server.close());

/** The options of a successful delivery. */
const good = () => ({
  '--sender': 'alice@example.org',
  '--recipient': 'bob@example.com',
  '--message': messageFile,
  '--destination': destinationOf(server),
});

const deliver = (options: Readonly<Record<string, string>>, ...more: readonly string[]) =>
  runCommand(['deliver', ...Object.entries(options).flat(), ...more]);

describe('a wrong parameter is named with its value and what is allowed:', () => {
  const cases: [string, string, RegExp][] = [
    ['an unknown name', 'lmtp_mail_timout=2s', /lmtp_mail_timout: is not a parameter/],
    ['a property name of JavaScript', '__proto__=2s', /__proto__: is not a parameter/],
    ['another property name of JavaScript', 'constructor=2s', /constructor: is not a parameter/],
    ['a name in capitals', 'LMTP_MAIL_TIMEOUT=2s', /LMTP_MAIL_TIMEOUT: is not a parameter/],
    ['an unknown unit', 'lmtp_mail_timeout=2y', /lmtp_mail_timeout: "2y" is not a time: .* s, m, h, d or w/],
    ['no number', 'lmtp_mail_timeout=soon', /lmtp_mail_timeout: "soon" is not a time/],
    ['a number with a unit that has none', 'lmtp_tcp_port=24s', /lmtp_tcp_port: "24s" is not a whole number/],
    ['too small', 'lmtp_mail_timeout=0', /lmtp_mail_timeout: "0" is out of range: 1s or more is allowed/],
    ['too large', 'lmtp_tcp_port=70000', /lmtp_tcp_port: "70000" is out of range: 1 to 65535 is allowed/],
    ['neither yes nor no', 'soft_bounce=maybe', /soft_bounce: "maybe" is neither yes nor no/],
    ['no value', 'lmtp_mail_timeout', /lmtp_mail_timeout: expected name=value/],
    ['no name', '=2s', /=2s: expected name=value/],
    ['a reference to nothing', 'lmtp_lhlo_name=$mydomain', /lmtp_lhlo_name: .*\$mydomain, which is not a parameter/],
  ];
  for (const [name, parameter, wanted] of cases) {
    test(name, async () => {
      const { code, stdout, stderr } = await deliver(good(), '--parameter', parameter);
      assert.match(stderr, wanted);
      assert.equal(code, 64);
      assert.equal(stdout, '');
    });
  }
});

test('parameters take effect, in Postfix units; the last of two wins', async () => {
  const options = ['soft_bounce=no', 'soft_bounce=yes', 'lmtp_lhlo_name = mail.test', 'lmtp_mail_timeout=1m'];
  const { code } = await deliver(
    { ...good(), '--recipient': '' },
    ...options.flatMap((option) => ['--parameter', option]),
  );
  assert.equal(code, 69);
  await using refusing = await startScriptedServer({ rcpt: { default: '550 5.1.1 no' } });
  const soft = await deliver(
    { ...good(), '--destination': destinationOf(refusing) },
    '--json',
    ...options.flatMap((option) => ['--parameter', option]),
  );
  assert.deepEqual(
    parseVerdicts(soft.stdout).map(({ status, dsn }) => [status, dsn]),
    [['deferred', '4.1.1']],
  );
  assert.equal(soft.code, 75);
  assert.equal(refusing.transcript()[0]?.commands[0], 'LHLO mail.test');
});

test('a time-out set by a parameter takes effect', async () => {
  await using silent = await startScriptedServer({ mail: andThen('silence') });
  const { stdout } = await deliver(
    { ...good(), '--destination': destinationOf(silent) },
    '--json',
    '--parameter',
    'lmtp_mail_timeout=1s',
  );
  const [verdict] = parseVerdicts(stdout);
  assert.equal(verdict?.status, 'deferred');
  assert.match(verdict.text, /timed out while sending MAIL FROM$/);
});

describe('a usage error is 64, on stderr, and nothing is delivered:', () => {
  const cases: [string, () => readonly string[], RegExp][] = [
    ['an unknown option', () => ['deliver', '--recipent', 'a@b'], /unknown option '--recipent'.*--recipient/s],
    ['an unknown command', () => ['delivr'], /unknown command 'delivr'.*deliver/s],
    ['no command', () => [], /Usage: lambda-lmtp/],
    ['an unexpected argument', () => ['deliver', 'message.eml'], /too many arguments/],
    ['an option without its value', () => ['deliver', '--message'], /--message <file>' argument missing/],
    [
      'a deadline that is not a time',
      () => ['deliver', '--deadline', 'soon'],
      /--deadline.* 'soon' is invalid.*such as 90s or 15m/,
    ],
    [
      'a deadline of zero',
      () => ['deliver', '--deadline', '0'],
      /--deadline.* '0' is invalid\. Expected a time of 1s or more/,
    ],
    ['nothing to deliver', () => ['deliver'], /missing --sender, --recipient, --message, --destination/],
    ['no destination', () => ['deliver', ...omit('--destination')], /missing --destination/],
    ['no sender, not even the null sender', () => ['deliver', ...omit('--sender')], /missing --sender/],
    [
      'an invalid destination',
      () => ['deliver', ...omit('--destination'), '--destination', 'inet:host:lmpt'],
      /--destination: "inet:host:lmpt": "lmpt" is not a port: 1 to 65535, or lmtp, is allowed/,
    ],
    [
      'requests both from a file and by options',
      () => ['deliver', '--requests', requestsFile, '--recipient', 'a@b'],
      /--requests cannot be combined with --sender, --recipient or --message/,
    ],
    [
      'a missing requests file',
      () => ['deliver', '--requests', `${folder.path}/none.jsonl`],
      /--requests: ".*none\.jsonl" cannot be read: no such file or directory/,
    ],
    [
      'a requests file that is a directory',
      () => ['deliver', '--requests', folder.path],
      /--requests: ".*" cannot be read: is a directory/,
    ],
  ];
  for (const [name, args, wanted] of cases) {
    test(name, async () => {
      const before = server.transcript().length;
      const { code, stdout, stderr } = await runCommand(args());
      assert.match(stderr, wanted);
      assert.equal(code, 64);
      assert.equal(stdout, '');
      assert.equal(server.transcript().length, before);
    });
  }
});

/** The correct options without one of them. */
function omit(name: keyof ReturnType<typeof good>): readonly string[] {
  return Object.entries(good())
    .filter(([option]) => option !== name)
    .flat();
}

test('a message that cannot be read is reported in words, and does not bounce', async () => {
  for (const [file, words] of [
    [`${folder.path}/none.eml`, 'no such file or directory'],
    [folder.path, 'is a directory'],
  ]) {
    const { code, stdout, stderr } = await deliver({ ...good(), '--message': String(file) });
    assert.equal(stderr, `--message: ${JSON.stringify(file)} cannot be read: ${words}\n`);
    assert.equal(stdout, '');
    assert.equal(code, 65);
  }
});

for (const args of [['--help'], ['deliver', '--help'], ['help', 'deliver']]) {
  test(`${args.join(' ')} is no error: its output goes to stdout, and the exit code is 0`, async () => {
    const { code, stdout, stderr } = await runCommand(args);
    assert.match(stdout, /^Usage: lambda-lmtp /);
    assert.equal(stderr, '');
    assert.equal(code, 0);
  });
}

test('deliver --help names every option of the contract', async () => {
  const { stdout } = await runCommand(['deliver', '--help']);
  const envelope = ['requests', 'sender', 'recipient', 'message', 'destination'];
  for (const option of [...envelope, 'parameter', 'sasl-password-maps', 'batch', 'deadline', 'json', 'transcript']) {
    assert.match(stdout, new RegExp(`^ {2}--${option} `, 'm'));
  }
  assert.match(stdout.replaceAll(/\s+/g, ' '), /--deadline <time> .*\(default: 15m\)/);
});
