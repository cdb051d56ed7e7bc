/** The command line started with any Node of a machine. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { findOlderNode, runProcess, startCommand } from '../support/lambda-lmtp.ts';
import { andThen, startScriptedServer } from '../support/scripted-server.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { waitUntil } from '../support/wait-until.ts';
import { destinationOf, makeRequest, message, parseVerdicts, toJsonLines } from './requests.ts';

const folder = makeTemporaryFolder();
after(() => folder[Symbol.dispose]());
folder.write('message.eml', message);

const older = findOlderNode();
const nodes = [
  ['an older Node', older ?? process.execPath, older === undefined ? 'no Node older than 24 is on the PATH' : false],
  ['the Node of the project', process.execPath, false],
] as const;

for (const [name, node, skip] of nodes) {
  const options = { cwd: folder.path, node };

  test(`${name} delivers requests from standard input, with the same output and exit code`, { skip }, async () => {
    await using server = await startScriptedServer({ rcpt: { 'nobody@x.test': '550 5.1.1 no' } });
    const request = makeRequest({ recipients: ['a@x.test', 'nobody@x.test'], destination: destinationOf(server) });
    const { code, stdout, stderr } = await runProcess(['deliver', '--requests', '-', '--json'], {
      ...options,
      input: toJsonLines([request, '{}']),
    });
    assert.deepEqual(
      parseVerdicts(stdout).map(({ status }) => status),
      ['sent', 'bounced'],
    );
    assert.match(stderr, /^-:2: version: is missing/);
    assert.equal(code, 65);
  });

  test(`${name} passes options on unchanged, empty ones too`, { skip }, async () => {
    await using server = await startScriptedServer({});
    const args = ['--sender', '', '--recipient', 'odd one@x.test', '--message', 'message.eml'];
    const { code, stdout } = await runProcess(['deliver', ...args, '--destination', destinationOf(server)], options);
    assert.match(stdout, /to=<"odd one"@x\.test>, .*status=sent/);
    assert.equal(code, 0);
  });

  test(`${name} shows help, and reports a usage error`, { skip }, async () => {
    assert.equal((await runProcess(['--help'], options)).code, 0);
    assert.equal((await runProcess(['deliver', '--nonsense'], options)).code, 64);
  });

  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`${signal} ends the command under ${name}, and the connection with it`, { skip }, async () => {
      await using server = await startScriptedServer({ mail: andThen('silence') });
      const args = ['--sender', '', '--recipient', 'a@x.test', '--message', 'message.eml'];
      const running = startCommand(['deliver', ...args, '--destination', destinationOf(server)], {
        ...options,
      });
      await waitUntil('MAIL', () => server.transcript()[0]?.commands.some((command) => command.startsWith('MAIL')));
      running.child.kill(signal);
      const { code } = await running.ended;
      // A process that died of a signal has no code; a shell shows 128 and the signal's number for both.
      assert.ok(code === status || (code === null && running.child.signalCode === signal), `code ${code}`);
      assert.ok(await server.settled(5000));
    });
  }
}

describe('compiled code', () => {
  const filesIn = (cache: string) => readdirSync(cache, { recursive: true }).length;

  test('is stored where NODE_COMPILE_CACHE says', async () => {
    using cache = makeTemporaryFolder();
    const { code } = await runProcess(['--version'], { env: { NODE_COMPILE_CACHE: cache.path } });
    assert.equal(code, 0);
    assert.ok(filesIn(cache.path) > 10);
  });

  test('is not stored with NODE_DISABLE_COMPILE_CACHE', async () => {
    using cache = makeTemporaryFolder();
    const env = { NODE_COMPILE_CACHE: cache.path, NODE_DISABLE_COMPILE_CACHE: '1' };
    const { code } = await runProcess(['--version'], { env });
    assert.equal(code, 0);
    assert.equal(filesIn(cache.path), 0);
  });

  test('is optional: the command runs even if the folder cannot be written', async () => {
    const { code, stdout } = await runProcess(['--version'], { env: { NODE_COMPILE_CACHE: '/dev/null/cache' } });
    assert.equal(code, 0);
    assert.match(stdout, /^\d+\.\d+\.\d+$/m);
  });
});
