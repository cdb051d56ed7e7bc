/** `lambda-lmtp parameters`: the counterpart of postconf. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parameterNames } from '../../functions/parameters/parameters.ts';
import { type CommandResult, runCommand } from '../support/lambda-lmtp.ts';

const show = (...args: readonly string[]): Promise<CommandResult> => runCommand(['parameters', ...args]);

const jsonLines = (stdout: string): readonly Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

test('without names it shows all, each with its value and meaning', async () => {
  const { code, stdout, stderr } = await show();
  const shown = stdout.split('\n').flatMap((line) => /^(\w+) =/.exec(line)?.[1] ?? []);
  assert.deepEqual(shown, [...parameterNames]);
  assert.match(stdout, /^lmtp_mail_timeout = 300s\n {4}The reply to MAIL FROM\.$/m);
  assert.match(stdout, /^lmtp_lhlo_name = localhost$/m);
  assert.match(stdout, /^lmtp_fallback_relay =$/m);
  assert.equal(stderr, '');
  assert.equal(code, 0);
});

test('--parameter sets values: $name is expanded, and the default is shown beside a changed value', async () => {
  const { stdout } = await show('--parameter', 'myhostname=mail.test', '--parameter', 'max_idle = 5m');
  assert.match(stdout, /^myhostname = mail\.test {3}\(default: localhost\)$/m);
  assert.match(stdout, /^lmtp_lhlo_name = mail\.test {3}\(default: \$myhostname\)$/m);
  assert.match(stdout, /^max_idle = 5m {3}\(default: 100s\)$/m);
  assert.match(stdout, /^max_use = 100$/m);
});

test('--changed shows only what differs from its default', async () => {
  const { stdout } = await show(
    '--changed',
    '--json',
    '--parameter',
    'myhostname=mail.test',
    '--parameter',
    'max_use=100',
  );
  assert.deepEqual(
    jsonLines(stdout).map(({ name, value, changed, written }) => [name, value, changed, written]),
    [
      ['myhostname', 'mail.test', true, undefined],
      ['lmtp_lhlo_name', 'mail.test', true, '$myhostname'],
    ],
  );
  assert.equal((await show('--changed')).stdout, '');
});

test('a name is shown with everything about it', async () => {
  const { stdout, code } = await show('lmtp_connect_timeout', 'lmtp_flags');
  assert.match(stdout, /^lmtp_connect_timeout = 30s\n/);
  for (const line of [
    / {4}default +30s/,
    / {4}allowed +a time, 0s or more/,
    / {4}meaning +Connecting; 0 = /,
    / {4}differs +Postfix: 0s\./,
    / {4}subject +Time limits/,
    / {4}variable +LMTP_CONNECT_TIMEOUT/,
    /^lmtp_flags =\n {4}default +\(empty\)\n {4}allowed +letters: D, O, R, X/m,
  ]) {
    assert.match(stdout, line);
  }
  assert.equal(code, 0);
});

test('a name that cannot be set is shown with the reason', async () => {
  const { stdout, code } = await show('lmtp_header_checks');
  assert.match(stdout, /^lmtp_header_checks cannot be set here\n {4}why +Content is delivered unchanged\./);
  assert.equal(code, 0);
  const json = await show('lmtp_header_checks', '--json');
  assert.match(String(jsonLines(json.stdout)[0]?.['refused']), /^Content is delivered unchanged\./);
});

test('--json prints one object on each line, with everything', async () => {
  const { stdout } = await show('--json', 'lmtp_tcp_port', '--parameter', 'lmtp_tcp_port=2400');
  assert.deepEqual(jsonLines(stdout), [
    {
      name: 'lmtp_tcp_port',
      value: '2400',
      default: '24',
      changed: true,
      kind: 'port',
      allowed: '1 to 65535, or a name of known_tcp_ports',
      meaning: 'The port of a next-hop without a port: a number, or a service of known_tcp_ports.',
      changes: 'only with a deployment: the names of destinations, by which mail waits, contain the port',
      subject: 'Destinations',
      variable: 'LMTP_TCP_PORT',
    },
  ]);
});

test('patterns that can never match are reported', async () => {
  const { stderr, code } = await show('max_use', '--parameter', 'lmtp_connection_cache_destinations=[10.0.1.7]:24');
  assert.match(stderr, /^warning: lmtp_connection_cache_destinations: "\[10\.0\.1\.7\]:24" never matches: /);
  assert.equal(code, 0);
});

describe('an error is a usage error, and nothing is shown:', () => {
  for (const [what, args, said] of [
    ['a name that is none', ['lmtp_mail_timeuot'], /lmtp_mail_timeuot: is not a .* did you mean lmtp_mail_timeout\?/],
    ['a value', ['--parameter', 'max_idle=never'], /max_idle: "never" is not a time/],
    ['a map', ['--parameter', 'lmtp_reply_filter=regexp:{{/(/ x}}'], /lmtp_reply_filter: .* rule 1: .*without an end/],
    [
      'a parameter that cannot be set',
      ['--parameter', 'lmtp_generic_maps=static:x'],
      /lmtp_generic_maps: cannot be set/,
    ],
    ['an option without name and value', ['--parameter', 'max_idle'], /expected name=value/],
    ['an unknown option', ['--change'], /unknown option '--change'.*--changed/s],
  ] as const) {
    test(what, async () => {
      const { code, stdout, stderr } = await show(...args);
      assert.match(stderr, said);
      assert.equal(stdout, '');
      assert.equal(code, 64);
    });
  }
});

test('passwords are never shown, in any form; their place is', async () => {
  const value =
    'static:joe:hunter2 secretsmanager:lmtp/mail inline:{ {a.test = joe:hunter2} }, regexp:{{/(a)/ hunter2:$$1}}';
  const shown = 'static:(hidden), secretsmanager:lmtp/mail, inline:(hidden), regexp:(hidden)';
  for (const options of [[], ['--json'], ['lmtp_sasl_password_maps'], ['lmtp_sasl_password_maps', '--json']]) {
    const { stdout, stderr, code } = await show('--parameter', `lmtp_sasl_password_maps=${value}`, ...options);
    assert.ok(stdout.includes(shown), stdout);
    assert.doesNotMatch(stdout + stderr, /hunter2/);
    assert.equal(code, 0, stderr);
  }
  const [described] = jsonLines((await show('lmtp_sasl_password_maps', '--json')).stdout);
  assert.equal(described?.['allowed'], 'maps: secretsmanager, texthash, inline, regexp, static');
});
