/** Passwords of `deliver`: Postfix's own password file, secrets, and that neither is ever shown. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type SecretsManager, startSecretsManager } from '../../infra/local/secrets-manager.ts';
import { type CommandResult, runCommand } from '../support/lambda-lmtp.ts';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { destinationOf, message, parseVerdicts } from './requests.ts';

const folder = makeTemporaryFolder();
after(() => folder[Symbol.dispose]());
const messageFile = folder.write('message.eml', message);

let server: ScriptedServer;
beforeEach(async () => {
  server = await startScriptedServer({
    capabilities: ['AUTH PLAIN'],
    auth: ['235 2.7.0 ok'],
  });
});

/** Delivers one message; PLAIN is permitted without TLS. */
async function deliver(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
  try {
    const envelope = ['--sender', 'a@x.test', '--recipient', 'b@x.test', '--message', messageFile, '--json'];
    const where = ['--destination', destinationOf(server), '--parameter', 'lmtp_sasl_security_options=noanonymous'];
    return await runCommand(['deliver', ...envelope, ...where, ...args], { env });
  } finally {
    await server.close();
  }
}

/** The authenticated users and their passwords. */
function authenticated(): readonly string[] {
  return server
    .transcript()
    .flatMap(({ commands }) => commands.flatMap((command) => /^AUTH PLAIN (\S+)$/.exec(command)?.[1] ?? []))
    .map((response) => Buffer.from(response, 'base64').toString().replaceAll('\0', ' ').trim());
}

describe('--sasl-password-maps', () => {
  test("accepts Postfix's sasl_passwd, and authenticates without further options", async () => {
    const file = folder.write('sasl_passwd', '# passwords\nother.test jane:doe\n127.0.0.1  joe:hunter2:x\n');
    const { code, stdout, stderr } = await deliver(['--sasl-password-maps', file, '--transcript']);
    assert.deepEqual(
      parseVerdicts(stdout).map(({ status }) => status),
      ['sent'],
    );
    assert.equal(code, 0);
    assert.deepEqual(authenticated(), ['joe hunter2:x']);
    assert.match(stderr, /AUTH PLAIN/);
    assert.doesNotMatch(stdout + stderr, /hunter2/);
    assert.ok(!(stdout + stderr).includes(Buffer.from('\0joe\0hunter2:x').toString('base64')));
  });

  test('shows the dialogue with a server of debug_peer_list, and no password', async () => {
    const file = folder.write('debugged', '127.0.0.1 joe:hunter2\n');
    const peers = ['--parameter', 'debug_peer_list=127.0.0.1'];
    const { stderr } = await deliver(['--sasl-password-maps', file, ...peers]);
    assert.match(stderr, /^127\.0\.0\.1\[127\.0\.0\.1\]:\d+ C: LHLO .*$/m);
    assert.match(stderr, / C: AUTH PLAIN/);
    assert.ok(!stderr.includes(Buffer.from('\0joe\0hunter2').toString('base64')));
    const others = ['--parameter', 'debug_peer_list=192.0.2.1'];
    assert.equal((await deliver(['--sasl-password-maps', file, ...others])).stderr, '');
  });

  test('accepts the next-hop as a key, and a file with blanks in its name', async () => {
    const file = folder.write('my {sasl} passwd, $old', `127.0.0.1:${server.port} joe:hunter2\n`);
    assert.equal((await deliver(['--sasl-password-maps', file])).code, 0);
    assert.deepEqual(authenticated(), ['joe hunter2']);
  });

  test('has no effect if --parameter overrides it', async () => {
    const file = folder.write('otherwise', '127.0.0.1 joe:hunter2\n');
    const map = 'lmtp_sasl_password_maps=static:jane:doe';
    assert.equal((await deliver(['--sasl-password-maps', file, '--parameter', map])).code, 0);
    assert.deepEqual(authenticated(), ['jane doe']);
  });

  test('is no error if AUTH is switched off', async () => {
    const file = folder.write('off', '127.0.0.1 joe:hunter2\n');
    const off = 'lmtp_sasl_auth_enable=no';
    assert.equal((await deliver(['--sasl-password-maps', file, '--parameter', off])).code, 0);
    assert.deepEqual(authenticated(), []);
  });
});

describe('a usage error does not show the password, and nothing is delivered:', () => {
  const files = (name: string, content: string) => ['--sasl-password-maps', folder.write(name, content)];
  const cases: [string, () => readonly string[], RegExp][] = [
    [
      'a missing file',
      () => ['--sasl-password-maps', `${folder.path}/none`],
      /^error: --sasl-password-maps: ".*none" cannot be read: no such file or directory/,
    ],
    [
      'a directory',
      () => ['--sasl-password-maps', folder.path],
      /^error: --sasl-password-maps: ".*" cannot be read: is a directory/,
    ],
    [
      'a line without a host',
      () => files('malformed', '127.0.0.1 joe:hunter2\n\njoe:hunter2\n'),
      /^error: lmtp_sasl_password_maps: ".*malformed" cannot be used: .*malformed, line 3: write a host or next-hop, blanks and user:password/,
    ],
    ['no line at all', () => files('empty', '# hunter2\n'), /empty: it has no entries/],
    [
      'an invalid map',
      () => ['--parameter', 'lmtp_sasl_password_maps=joe:hunter2'],
      /^error: lmtp_sasl_password_maps: "\(hidden\)" cannot be used: map 1: its type may not contain passwords/,
    ],
    [
      'a dollar sign that is not doubled',
      () => ['--parameter', 'lmtp_sasl_password_maps=static:joe:$hunter2'],
      /^error: lmtp_sasl_password_maps: the value refers to a name that is not a parameter; write \$\$ for a dollar sign/,
    ],
    [
      'another parameter that would show it',
      () => [
        '--parameter',
        'lmtp_sasl_password_maps=static:joe:hunter2',
        '--parameter',
        'myhostname=$lmtp_sasl_password_maps',
      ],
      /^error: myhostname: "\$lmtp_sasl_password_maps" refers to \$lmtp_sasl_password_maps, which is secret/,
    ],
    [
      'a forgotten equals sign',
      () => ['--parameter', 'lmtp_sasl_password_maps:static:joe:hunter2'],
      /^error: lmtp_sasl_password_maps: expected name=value/,
    ],
    [
      'AUTH without a map',
      () => ['--parameter', 'lmtp_sasl_auth_enable=yes'],
      /^error: lmtp_sasl_auth_enable: "yes" needs lmtp_sasl_password_maps, which is empty/,
    ],
  ];
  for (const [name, args, said] of cases) {
    test(name, async () => {
      const { code, stdout, stderr } = await deliver(args());
      assert.match(stderr, said);
      assert.doesNotMatch(stderr, /hunter2/);
      assert.equal(stdout, '');
      assert.equal(code, 64);
      assert.deepEqual(server.transcript(), []);
    });
  }
});

describe('a secret of AWS', () => {
  let service: SecretsManager;
  let env: Readonly<Record<string, string>>;
  before(async () => {
    service = await startSecretsManager({ region: 'us-east-1' });
    env = {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: service.endpoint,
    };
  });
  after(() => service.close());
  const maps = [
    '--parameter',
    'lmtp_sasl_auth_enable=yes',
    '--parameter',
    'lmtp_sasl_password_maps=secretsmanager:mail',
  ];

  test('that cannot be read makes mail wait, with the reason on stderr', async () => {
    const { code, stdout, stderr } = await deliver(maps, env);
    assert.deepEqual(
      parseVerdicts(stdout).map(({ status, dsn }) => [status, dsn]),
      [['deferred', '4.3.0']],
    );
    assert.match(stderr, /^secret cannot be read: the secret "mail" cannot be read: ResourceNotFoundException/);
    assert.equal(code, 75);
  });

  test('is read with the credentials of this machine', async () => {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const client = new SecretsManagerClient({ region: 'us-east-1', credentials, endpoint: service.endpoint });
    const SecretString = JSON.stringify({ '127.0.0.1': { user: 'joe', password: 'hunter2' } });
    await client.send(new CreateSecretCommand({ Name: 'mail', SecretString }));
    client.destroy();
    assert.equal((await deliver(maps, env)).code, 0);
    assert.deepEqual(authenticated(), ['joe hunter2']);
  });
});
