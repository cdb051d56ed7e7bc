/** The command line of the package, as the user of an app has it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startHttpStub } from '../support/http-stub.ts';
import { startScriptedServer } from '../support/scripted-server.ts';
import type { EmptyApp } from './user-app.ts';

/** Runs commands of all kinds: those that need no network, those that reach a mail server, and those that ask AWS. */
export async function usesCommandLine(t: TestContext, app: EmptyApp): Promise<void> {
  await t.test('shows the help, its version and a completion', async () => {
    const help = await app.lambdaLmtp('--help');
    for (const name of ['deliver', 'check', 'submit', 'status', 'queue', 'explain', 'parameters', 'completion'])
      assert.match(help.stdout, new RegExp(`^  ${name}[ |]`, 'm'));
    assert.match((await app.lambdaLmtp('--version')).stdout, /^\d+\.\d+\.\d+\n$/);
    assert.match((await app.lambdaLmtp('completion', 'bash')).stdout, /^complete .* lambda-lmtp$/m);
    assert.match((await app.lambdaLmtp('queue', '--help')).stdout, /--oldest/);
  });
  await t.test('prints parameters', async () => {
    const { code, stdout, stderr } = await app.lambdaLmtp('parameters');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^lmtp_destination_concurrency_limit = /m);
  });
  await t.test('checks a server', async () => {
    await using server = await startScriptedServer({});
    const { code, stdout, stderr } = await app.lambdaLmtp('check', `inet:127.0.0.1:${server.port}`);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /port +open/);
  });
  await t.test('delivers a message', async () => {
    await using server = await startScriptedServer({ rcpt: { 'b@example.com': '250 2.1.5 ok' } });
    app.write('mail.eml', 'From: a@example.org\nTo: b@example.com\n\nHello.\n');
    const envelope = ['--sender', 'a@example.org', '--recipient', 'b@example.com', '--message', 'mail.eml'];
    const { code, stdout, stderr } = await app.lambdaLmtp(
      'deliver',
      ...envelope,
      '--destination',
      `inet:127.0.0.1:${server.port}`,
    );
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /to=<b@example\.com>.*status=sent/);
    assert.match(server.rawContents[0]?.toString() ?? '', /Hello\.\r\n$/);
  });
  await t.test('asks AWS, with credentials that a program of the profile prints', () => asksAws(app));
}

/** The SDK loads the providers of credentials when it needs them. */
async function asksAws(app: EmptyApp): Promise<void> {
  const keys: (string | undefined)[] = [];
  await using stub = await startHttpStub((request, response) => {
    keys.push(/Credential=(\w+)/.exec(request.headers.authorization ?? '')?.[1]);
    response.writeHead(400, { 'content-type': 'text/xml' }).end(
      `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>
        <Code>ValidationError</Code><Message>Stack with id Mail does not exist</Message></Error></ErrorResponse>`,
    );
  });
  const credentials = { Version: 1, AccessKeyId: 'FROMPROGRAM', SecretAccessKey: 'example' };
  app.write('credentials.json', JSON.stringify(credentials));
  const file = join(app.folder, 'credentials.json');
  app.write('aws-config', `[default]\nregion = eu-west-1\ncredential_process = cat ${file}\n`);
  const variables = [
    ...['-u', 'AWS_ACCESS_KEY_ID', '-u', 'AWS_SECRET_ACCESS_KEY', '-u', 'AWS_PROFILE', '-u', 'AWS_REGION'],
    `AWS_CONFIG_FILE=${join(app.folder, 'aws-config')}`,
    `AWS_SHARED_CREDENTIALS_FILE=${join(app.folder, 'no-credentials')}`,
    `AWS_ENDPOINT_URL=${stub.url}`,
  ];
  const command = ['npx', '--no-install', 'lambda-lmtp', 'status', '--stack', 'Mail'];
  const { code, stdout, stderr } = await app.run('env', ...variables, ...command);
  assert.notEqual(code, 0, stdout);
  assert.match(stderr, /there is no stack "Mail" in the region eu-west-1/);
  assert.deepEqual(keys, ['FROMPROGRAM']);
}
