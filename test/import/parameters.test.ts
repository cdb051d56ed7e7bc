/** Parameters of main.cf and master.cf in the five classes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { noCounterpart } from '../../functions/import/no-counterpart.ts';
import { splitTransportParameter } from '../../functions/import/parameter-rows.ts';
import type { Row } from '../../functions/import/report.ts';
import { isParameterName, parseParameters } from '../../functions/parameters/parameters.ts';
import { configurationOf, imported, importedMain } from './configurations.ts';

const routes = 'mydestination =\nvirtual_mailbox_domains = a.test\nvirtual_transport = lmtp:inet:store.test:24\n';

function rowOf(main: string, name: string, files: Readonly<Record<string, string>> = {}): Row {
  const row = importedMain(`${routes}${main}\n`, files).rows.find((one) => one.name === name);
  assert.ok(row !== undefined, `no row of ${name}`);
  return row;
}

function parameterOf(main: string, name: string, files: Readonly<Record<string, string>> = {}): string | undefined {
  const { parameters, transports } = importedMain(`${routes}${main}\n`, files);
  return { ...parameters, ...transports[0]?.parameters }[name];
}

describe('a parameter', () => {
  for (const [line, expected, value] of [
    ['lmtp_mail_timeout = 20s', 'taken', '20s'],
    ['lmtp_mail_timeout = 300s', 'taken', undefined],
    ['lmtp_mail_timeout = 5m', 'taken', undefined],
    ['delay_warning_time = 4', 'renamed', '4h'],
    ['maximal_queue_lifetime = 3', 'renamed', '3d'],
    ['lmtp_cache_connection = NO', 'renamed', 'no'],
    ['lmtp_connect_timeout = 0s', 'default', undefined],
    ['lmtp_destination_concurrency_limit = 0', 'default', undefined],
    ['lmtp_tls_protocols = !SSLv2,!SSLv3', 'default', undefined],
    ['lmtp_tls_protocols = >=TLSv1.3', 'taken', '>=TLSv1.3'],
    ['lmtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt', 'default', undefined],
    ['smtpd_banner = x', 'none', undefined],
    ['lmtp_tls_loglevel = 1', 'none', undefined],
    ['lmtp_mail_timeout = soon', 'refused', undefined],
    ['lmtp_tls_security_level = dane', 'refused', undefined],
    ['lmtp_generic_maps = hash:/x', 'refused', undefined],
    ['lmtp_generic_maps =', 'none', undefined],
    ['minimal_backoff_time = 2h', 'refused', undefined],
    ['maximal_backoff_time = 100s', 'refused', undefined],
    ['lmtp_mail_timeout = $(', 'refused', undefined],
  ] as const) {
    test(`${line} is ${expected}`, () => {
      const name = line.replace(/ =.*/, '');
      const row = rowOf(line, name);
      assert.equal(row.class, expected, JSON.stringify(row));
      assert.equal(parameterOf(line, name), value);
      if (expected !== 'taken') assert.ok(row.why !== undefined || row.here !== undefined);
      if (expected === 'refused') assert.ok(row.todo !== undefined);
    });
  }

  test('a misspelt name has the likely one', () => {
    assert.match(rowOf('lmtp_mail_timout = 3s', 'lmtp_mail_timout').why ?? '', /did you mean lmtp_mail_timeout\?/);
  });

  test('a name of the operator is no mistake where another value uses it', () => {
    assert.match(rowOf('mine = 3s\nlmtp_mail_timeout = $mine', 'mine').why ?? '', /a name of your own/);
    assert.equal(parameterOf('mine = 3s\nlmtp_mail_timeout = $mine', 'lmtp_mail_timeout'), '3s');
  });

  test('a dollar sign of a value stays one', () => {
    const files = { '/f': '/^4\\.2\\.2 (.*)/ 5.2.2 $1\n' };
    const value = parameterOf('lmtp_reply_filter = regexp:/f', 'lmtp_reply_filter', files);
    const { lmtp_reply_filter: maps } = parseParameters({ lmtp_reply_filter: value });
    assert.equal(maps.find('4.2.2 full'), '5.2.2 full');
  });

  test('a table of TLS policies is written into the parameter, unless an entry cannot be used', () => {
    const files = { '/p': '[store.test]:24 secure match=.test\n', '/q': 'store.test dane-only\n' };
    const value = parameterOf('lmtp_tls_policy_maps = hash:/p', 'lmtp_tls_policy_maps', files);
    assert.equal(
      parseParameters({ lmtp_tls_policy_maps: value }).lmtp_tls_policy_maps.find('[store.test]:24'),
      'secure match=.test',
    );
    assert.match(
      rowOf('lmtp_tls_policy_maps = hash:/q', 'lmtp_tls_policy_maps', files).why ?? '',
      /entry of store\.test: .*dane-only/,
    );
  });
});

describe('passwords', () => {
  const on = 'lmtp_sasl_auth_enable = yes\nlmtp_sasl_password_maps =';

  test('a file becomes a secret, whose name and form the import says', () => {
    const files = { '/etc/postfix/sasl_passwd': 'store.test joe:hunter22\n' };
    const given = importedMain(`${routes}${on} hash:/etc/postfix/sasl_passwd\n`, files);
    assert.equal(given.parameters['lmtp_sasl_password_maps'], 'secretsmanager:mail/sasl_passwd');
    assert.deepEqual(given.secrets, [
      {
        name: 'mail/sasl_passwd',
        path: '/etc/postfix/sasl_passwd',
        about: 'passwords: 1 entry, in the form of sasl_passwd',
      },
    ]);
  });

  test('files of one name in two folders become two secrets', () => {
    const files = { '/etc/a/k.pem': 'x', '/etc/b/k.pem': 'y' };
    const given = importedMain(`${routes}lmtp_tls_cert_file = /etc/a/k.pem\nlmtp_tls_key_file = /etc/b/k.pem\n`, files);
    assert.deepEqual(
      given.secrets.map(({ name, path }) => [name, path]),
      [
        ['mail/etc_a_k.pem', '/etc/a/k.pem'],
        ['mail/etc_b_k.pem', '/etc/b/k.pem'],
      ],
    );
  });

  test('no password is in what an import results in, whatever is wrong with it', () => {
    for (const [value, files] of [
      ['hash:/x', { '/x': 'store.test joe:hunter22\n' }],
      ['hash:/x', { '/x': 'joe:hunter22\n' }],
      ['hash:/x', { '/x': 'hunter22 store.test\nhunter22 x\n' }],
      ['static:joe:hunter22', {}],
      ['inline:{ { store.test = joe:hunter22 } }', {}],
      ['joe:hunter22', {}],
      ['hunter22', {}],
      ['$password', {}],
      ['regexp:{ { /x/ joe:hunter22 } }', {}],
    ] as const) {
      const given = importedMain(`${routes}password = static:joe:hunter22\n${on} ${value}\n`, files);
      const { rows, parameters, transports, secrets } = given;
      assert.doesNotMatch(JSON.stringify({ rows, parameters, transports, secrets }), /hunter22/, value);
    }
  });

  test('a key that Postfix finds and this system would not is refused, with the key to write', () => {
    const files = { '/x': '[store.test]:lmtp joe:hunter22\n' };
    const given = importedMain(
      `mydestination =\nvirtual_mailbox_domains = a.test\nvirtual_transport = lmtp:[store.test]:lmtp\n${on} hash:/x\n`,
      files,
    );
    const row = given.rows.find(({ class: found }) => found === 'refused');
    assert.match(row?.todo ?? '', /key store\.test/);
  });
});

test('a TLS policy that Postfix finds, and that a replaced next-hop would not have, is refused with the key to write', () => {
  const { master } = configurationOf('dovecot-virtual');
  const files: Readonly<Record<string, string>> = { '/p': '[old.test]:24 secure\n' };
  const main = `${routes.replace('inet:store.test:24', 'inet:[old.test]:24')}lmtp_tls_policy_maps = hash:/p\n`;
  const todos = (replace: Readonly<Record<string, string>>) =>
    imported({ main, master, read: (path) => files[path] }, replace).rows.flatMap(({ todo = [] }) => todo);
  assert.deepEqual(todos({}), []);
  assert.deepEqual(todos({ '[old.test]:24': 'inet:new.test:24' }), [
    'Write an entry with the key new.test:24 into lmtp_tls_policy_maps.',
  ]);
});

describe('master.cf', () => {
  const main = `${routes.replace('lmtp:inet', 'dovecot:inet')}lmtp_rcpt_timeout = 9s\nlmtp_destination_recipient_limit = 9\ndovecot_destination_recipient_limit = 2\n`;
  const master =
    'dovecot unix - - n - 6 lmtp\n  -o lmtp_rcpt_timeout=8s -o lmtp_destination_recipient_limit=5 flags=DR\n';
  const given = imported({ main, master, read: () => undefined });

  test('options replace main.cf, and parameters of the queue manager are those of the transport', () => {
    assert.deepEqual(given.transports[0]?.parameters, {
      lmtp_rcpt_timeout: '8s',
      lmtp_destination_recipient_limit: '2',
      lmtp_flags: 'DR',
      lmtp_destination_concurrency_limit: '6',
    });
    assert.equal(given.parameters['lmtp_rcpt_timeout'], '9s');
    assert.equal(given.transports[0]?.name, 'lmtp');
  });
});

const names = spawnSync('/usr/sbin/postconf', ['-d'], { encoding: 'utf8' }).stdout?.match(/^\S+(?= =)/gm) ?? [];

test('every parameter of the installed Postfix is known', {
  skip: names.length > 0 ? false : 'no postconf here',
}, () => {
  const unknown = names.filter(
    (name) =>
      !isParameterName(name) &&
      noCounterpart(name) === undefined &&
      splitTransportParameter(name, new Map()) === undefined,
  );
  assert.ok(names.length > 900);
  assert.deepEqual(unknown, []);
});
