/** The command line started with whatever Node a machine has. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { findOlderNode, runCommand, startCommand } from '../support/lambda-lmtp.ts';
import { andThen, startScriptedServer } from '../support/scripted-server.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { waitUntil } from '../support/wait-until.ts';
import { destinationOf, makeRequest, message, parseVerdicts, toJsonLines } from './requests.ts';

const folder = makeTemporaryFolder();
after(() => folder[Symbol.dispose]());
folder.write('message.eml', message);

const node = findOlderNode();
const older = {
  cwd: folder.path,
  ...(node === undefined ? {} : { node }),
};
const skip = node === undefined ? 'no Node older than 24 is on the PATH' : false;

test('an older Node delivers requests from standard input, with the same output and exit code', { skip }, async () => {
  await using server = await startScriptedServer({ rcpt: { 'nobody@x.test': '550 5.1.1 no' } });
  const request = makeRequest({ recipients: ['a@x.test', 'nobody@x.test'], destination: destinationOf(server) });
  const { code, stdout, stderr } = await runCommand(['deliver', '--requests', '-', '--json'], {
    ...older,
    input: toJsonLines([request, '{}']),
  });
  assert.deepEqual(
    parseVerdicts(stdout).map(({ status }) => status),
    ['sent', 'bounced'],
  );
  assert.match(stderr, /^-:2: version: is missing/);
  assert.equal(code, 65);
});

test('an older Node passes options on as they are, empty ones too', { skip }, async () => {
  await using server = await startScriptedServer({});
  const args = ['--sender', '', '--recipient', 'odd one@x.test', '--message', 'message.eml'];
  const { code, stdout } = await runCommand(['deliver', ...args, '--destination', destinationOf(server)], older);
  assert.match(stdout, /to=<"odd one"@x\.test>, .*status=sent/);
  assert.equal(code, 0);
});

test('an older Node shows help, and tells a usage error', { skip }, async () => {
  assert.equal((await runCommand(['--help'], older)).code, 0);
  assert.equal((await runCommand(['deliver', '--nonsense'], older)).code, 64);
});

for (const [name, options] of [
  ['an older Node', { node: node ?? process.execPath, skip }],
  ['the Node of the project', { node: process.execPath, skip: false }],
] as const) {
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`${signal} ends the command under ${name}, and the connection with it`, { skip: options.skip }, async () => {
      await using server = await startScriptedServer({ mail: andThen('silence') });
      const args = ['--sender', '', '--recipient', 'a@x.test', '--message', 'message.eml'];
      const running = startCommand(['deliver', ...args, '--destination', destinationOf(server)], {
        cwd: folder.path,
        node: options.node,
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
