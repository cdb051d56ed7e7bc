/** `lambda-lmtp import`: what an operator with a Postfix sees, and what is written. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { runCommand } from '../support/lambda-lmtp.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const samples = join(import.meta.dirname, '../import/configurations');
const root = (name: string) => ['--root', join(samples, name)];
const recipients = (name: string) => ['--recipients', join(samples, name, 'recipients')];
const director = root('dovecot-director');

/** A Postfix in a folder of this machine. */
function postfixIn(folder: TemporaryFolder, main: string, files: Readonly<Record<string, string>> = {}): string {
  folder.write('main.cf', main.replaceAll('FOLDER', folder.path));
  folder.write('master.cf', 'lmtp unix - - n - - lmtp\n');
  for (const [name, text] of Object.entries(files)) folder.write(name, text);
  return folder.path;
}

describe('lambda-lmtp import', () => {
  test('says first what to do, then the routes, then the classes, and exits 78 while a setting is refused', async () => {
    const { code, stdout, stderr } = await runCommand(['import', ...root('dovecot-virtual')]);
    assert.equal(code, 78);
    assert.equal(stderr, '');
    const parts = [
      'Action required: 1 setting',
      'Refused: do this first (1)',
      'virtual_transport = lmtp:unix:',
      'To do: ',
      'Routes (0)',
      'No counterpart (31)',
      'Taken as it is (4)',
      'Next\n',
    ];
    const places = parts.map((part) => stdout.indexOf(part));
    assert.ok(
      places.every((place) => place >= 0),
      stdout,
    );
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
    assert.match(
      stdout,
      /^→ .*lambda-lmtp import .*--replace unix:private\/dovecot-lmtp=inet:HOST:24$|--replace 'unix:private\/dovecot-lmtp=inet:HOST:24'$/m,
    );
  });

  test('exits 0 where all can be taken along, and each recipient goes the same way', async () => {
    const { code, stdout } = await runCommand(['import', ...director, ...recipients('dovecot-director')]);
    assert.equal(code, 0);
    assert.match(stdout, /^All is well/);
    assert.match(stdout, /^Recipients \(11\): 8 alike, 3 not LMTP, 0 would go elsewhere\./m);
    assert.match(stdout, /^✓ VIP\+x@Example\.com {2}lmtp:inet:imap2\.internal:2400$/m);
    assert.match(stdout, /^→ .*lambda-lmtp check inet:imap1\.internal:2400$/m);
  });

  test('a recipient that would go elsewhere stands in front, with both ways, and the exit code is 78', async () => {
    const { code, stdout } = await runCommand(['import', ...root('several'), ...recipients('several')]);
    assert.equal(code, 78);
    assert.match(
      stdout,
      /^Recipients .*\n✗ x@big\.a\.test: another next-hop\n +Postfix: lmtp:inet:store3.*\n +here: +error:5\.7\.1/m,
    );
  });

  test('no password of a configuration is printed or written', async () => {
    for (const [name, secret] of [
      ['cyrus-auth', /tOp-Secret|s3cret-Upstream/],
      ['relay-all', /In-Line-Pass/],
      ['kolab', /Welcome2Kolab/],
    ] as const) {
      for (const more of [[], ['--json'], ['--cdk-json', '-'], recipients(name)]) {
        const { stdout, stderr } = await runCommand(['import', ...root(name), ...more]);
        assert.doesNotMatch(stdout + stderr, secret, name);
      }
    }
  });

  test('a secret is created from the file of Postfix, by a command to paste', async () => {
    const { stdout } = await runCommand(['import', ...root('cyrus-auth')]);
    assert.match(
      stdout,
      /^→ aws secretsmanager create-secret --name mail\/lmtp_passwd --secret-string file:\/\/\S+\/lmtp_passwd$/m,
    );
  });

  test('--json prints each setting with its class, and the context values', async () => {
    const { stdout } = await runCommand(['import', ...director, '--json', '--recipient', 'x@example.com']);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
    const kinds = new Set(lines.map(({ kind }) => kind));
    assert.deepEqual([...kinds], ['setting', 'recipient', 'context']);
    assert.partialDeepStrictEqual(
      lines.find(({ name }) => name === 'delay_warning_time'),
      { class: 'renamed', value: '4' },
    );
    assert.partialDeepStrictEqual(lines.at(-2), { verdict: 'same', here: 'lmtp:inet:imap1.internal:2400' });
  });

  test('standard input may have what postconf prints, or files with their names', async () => {
    const input = [
      'mydestination =\nvirtual_mailbox_domains = hash:/etc/postfix/d\nvirtual_transport = dove:inet:imap1:24\n',
      'dove unix - - n - - lmtp\n    -o lmtp_mail_timeout=7s\n',
      '==> /etc/postfix/d <==\na.test x\n',
    ].join('');
    const { code, stdout } = await runCommand(['import', '-', '--cdk-json', '-'], { input });
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), {
      context: { transportMap: 'a.test lmtp:inet:imap1:24', parameters: { lmtp_mail_timeout: '7s' } },
    });
  });

  test('in a terminal of 100 columns no line is longer, except a command to paste', async () => {
    const { importText } = await import('../../functions/texts/import-text.ts');
    const { forTerminal } = await import('../../functions/texts/terminal.ts');
    const { configurations, imported } = await import('../import/configurations.ts');
    for (const configuration of configurations) {
      const report = { imported: imported(configuration), source: 'x', comparisons: [], asked: '', notes: [] };
      const lines = forTerminal(importText(report), 100).split('\n');
      // A word that is longer than a line is not cut.
      const long = lines.filter((line) => line.length > 100 && line.trim().includes(' ') && !line.includes('→'));
      assert.deepEqual(long, [], configuration.name);
    }
    const command = `→ cd ${'x'.repeat(90)} && npm install && npx cdk deploy`;
    assert.equal(stripVTControlCharacters(forTerminal(command, 100)), command);
  });
});

describe('with Postfix on this machine', () => {
  const isHere = existsSync('/usr/sbin/postmap') && existsSync('/usr/sbin/postconf');
  const skip = isHere ? false : 'Postfix is not installed here';
  const main =
    'compatibility_level = 3.6\nmydestination =\nvirtual_mailbox_domains = texthash:FOLDER/d\nvirtual_transport = lmtp:inet:imap1:24\n';

  test('postmap answers for its tables', { skip }, async () => {
    using folder = makeTemporaryFolder();
    const path = postfixIn(folder, `${main}transport_maps = texthash:FOLDER/t\n`, {
      d: 'a.test x\n',
      t: 'b@a.test lmtp:inet:imap2:24\n',
    });
    const { code, stdout } = await runCommand(['import', path, '--recipient', 'a@a.test', '--recipient', 'b@a.test']);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /2 alike.*Postfix was asked \(postconf, postmap -q\)\./);
  });

  test('a compiled table that is older than its text stands out: Postfix still answers from it', { skip }, async () => {
    using folder = makeTemporaryFolder();
    const path = postfixIn(folder, `${main}transport_maps = hash:FOLDER/t\n`, {
      d: 'a.test x\n',
      t: 'b@a.test lmtp:inet:old:24\n',
    });
    spawnSync('/usr/sbin/postmap', ['-c', path, `hash:${path}/t`]);
    folder.write('t', 'b@a.test lmtp:inet:new:24\n');
    const { code, stdout } = await runCommand(['import', path, '--recipient', 'b@a.test']);
    assert.equal(code, 78);
    assert.match(stdout, /^✗ b@a\.test: .*\n +Postfix: lmtp:inet:old:24 .*\n +here: +lmtp:inet:new:24$/m);
  });

  test('a table that postmap cannot open leaves its recipients unknown, with what postmap says', { skip }, async () => {
    using folder = makeTemporaryFolder();
    const path = postfixIn(folder, `${main}transport_maps = hash:FOLDER/t\n`, {
      d: 'a.test x\n',
      t: 'b@a.test lmtp:inet:imap2:24\n',
    });
    const { code, stdout } = await runCommand(['import', path, '--recipient', 'a@a.test']);
    assert.equal(code, 78);
    assert.match(stdout, /^\? a@a\.test: hash:\S+\/t could not be asked$/m);
    assert.match(stdout, /^! postmap: fatal: /m);
  });
});

describe('what import writes', () => {
  test('context values go into a cdk.json, whose other values stay', async () => {
    using folder = makeTemporaryFolder();
    const file = folder.write('cdk.json', '{"app": "node app.ts", "context": {"vpc": "vpc-1", "@aws-cdk/x:y": true}}');
    const { code, stderr } = await runCommand(['import', ...director, '--cdk-json', file]);
    assert.equal(code, 0);
    assert.match(stderr, /^written: .*cdk\.json$/m);
    const { app, context } = JSON.parse(readFileSync(file, 'utf8'));
    assert.equal(app, 'node app.ts');
    assert.equal(context.vpc, 'vpc-1');
    assert.equal(context['@aws-cdk/x:y'], true);
    assert.match(context.transportMap, /^vip@example\.com +lmtp:inet:imap2\.internal:2400$/m);
    assert.equal(context.parameters.maximal_queue_lifetime, '3d');
  });

  test('other values of the same names are replaced only with --force', async () => {
    using folder = makeTemporaryFolder();
    const text = '{"context": {"destination": "inet:mine:24", "parameters": {"max_use": "7"}}}';
    const file = folder.write('cdk.json', text);
    const { code, stderr } = await runCommand(['import', ...director, '--cdk-json', file]);
    assert.equal(code, 64);
    assert.match(stderr, /has other values of destination, parameters; --force replaces them/);
    assert.equal(readFileSync(file, 'utf8'), text);
    assert.equal((await runCommand(['import', ...director, '--cdk-json', file, '--force'])).code, 0);
    assert.equal(JSON.parse(readFileSync(file, 'utf8')).context.destination, undefined);
  });

  test('an app is written whole, and an existing one is not touched', async () => {
    using folder = makeTemporaryFolder();
    const app = join(folder.path, 'mail');
    assert.equal((await runCommand(['import', ...root('several'), '--app', app])).code, 78);
    assert.deepEqual(
      ['app.ts', 'cdk.json', 'package.json', 'tsconfig.json'].map((name) => existsSync(join(app, name))),
      [true, true, true, true],
    );
    assert.equal(JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')).name, 'mail');
    const { code, stderr } = await runCommand(['import', ...director, '--app', app]);
    assert.equal(code, 64);
    assert.match(stderr, /app\.ts" exists; --force replaces it/);
  });

  test('the transport map is written as a text', async () => {
    const { stdout } = await runCommand(['import', ...director, '--transport-map', '-']);
    assert.match(stdout, /^old\.example\.com +error:5\.1\.6 this domain has moved to example\.com$/m);
    assert.doesNotMatch(stdout, /Routes|Next/);
  });
});

describe('bad input', () => {
  for (const [args, message] of [
    [['nowhere'], /folder: ".*nowhere\/main\.cf" cannot be read: no such file/],
    [[...director, '--replace', 'x'], /--replace: "x" is not allowed: expected OLD=NEW/],
    [[...director, '--secrets', 'a b'], /--secrets: "a b" is not allowed: expected letters/],
    [[...director, '--recipients', 'nowhere'], /--recipients: ".*nowhere" cannot be read/],
    [[...director, '--cdk-json', '/'], /--cdk-json: "\/" cannot be read: is a directory/],
    [['-'], /standard input has no line of main\.cf/],
    [['-', '--recipients', '-'], /only one of folder and --recipients/],
  ] as const) {
    test(`${args.slice(-2).join(' ')} is a usage error`, async () => {
      const { code, stderr } = await runCommand(['import', ...args]);
      assert.equal(code, 64, stderr);
      assert.match(stderr, message);
    });
  }
});
