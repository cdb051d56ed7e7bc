/** Parameters of a running stack, set by an operator without a deployment. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { runCommand } from '../support/lambda-lmtp.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { awaitLines, linesOf, submitMail } from '../support/story.ts';

let stack: LocalStack;
before(async () => {
  stack = await startLocalStack({
    transportMap: `down.example lmtp:inet:[127.0.0.1]:${await freePort()}\n* lmtp:MAILSTORE`,
    parameters: { minimal_backoff_time: '1h', maximal_backoff_time: '2h' },
    sweepInterval: 0,
  });
});
after(() => stack?.close());

/** Runs a command that must succeed, and returns its output. */
async function ok(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args, { env: stack.variables });
  assert.deepEqual([code, stderr], [0, ''], stdout);
  return stdout;
}

/** The logged dialogue, so far. */
const dialogue = () =>
  stack.log.items.flatMap(({ line }) => (line.includes('"message":"dialogue"') ? [JSON.parse(line) as Line] : []));

interface Line {
  readonly side: string;
  readonly line: string;
}

describe('an operator who sets a parameter of a running stack', () => {
  test('sees with --what-if what it would do, and nothing is changed', async () => {
    const told = await ok('set', 'debug_peer_list=127.0.0.1', '--for', '10m', '--what-if');
    assert.match(told, /^debug_peer_list: \(empty\) → 127\.0\.0\.1, until .*Z \(in 10m\), then \(empty\)$/m);
    assert.match(told, /^-- version 1 would be written; nothing was changed$/m);
    assert.match(await ok('settings'), /^-- no parameter was ever set without a deployment$/m);
  });

  test('sees the dialogue with a server in the log', async () => {
    await submitMail(stack, { id: 'before', recipients: ['bob@example.com'] });
    await awaitLines(stack, 'before', 1);
    assert.deepEqual(dialogue(), []);
    const told = await ok('set', 'debug_peer_list=127.0.0.1', '--for', '10m', '--reason', 'INC-7');
    assert.match(told, /^-- version 1; the functions use it within a minute\n→ .*lambda-lmtp revert$/m);
    // Containers that start now know it at once; others look after a minute.
    await stack.functions.lmtp.kill();
    await submitMail(stack, { id: 'debugged', recipients: ['bob@example.com'] });
    await awaitLines(stack, 'debugged', 1);
    const commands = dialogue().flatMap(({ side, line }) => (side === 'C' ? [line.split(' ')[0]] : []));
    assert.deepEqual(commands.slice(0, 4), ['LHLO', 'MAIL', 'RCPT', 'DATA']);
  });

  test('is found with the reason by the next operator', async () => {
    const shown = await ok('settings');
    assert.match(
      shown,
      /^debug_peer_list = 127\.0\.0\.1\n {4}live, until .*Z \(in \d+m.*\), then \(empty\), set \d+s ago by local\/.* \(INC-7\); deployment: \(empty\)$/m,
    );
    assert.match(shown, /^minimal_backoff_time = 1h\n {4}deployment; default: 300s$/m);
    assert.match(await ok('settings', '--history'), /^ {3}1 {2}.*Z {2}set debug_peer_list {2}by local\/.* \(INC-7\)$/m);
    const json = JSON.parse(await ok('settings', 'debug_peer_list', '--json')) as Readonly<Record<string, unknown>>;
    assert.deepEqual([json['value'], json['from'], json['deployed']], ['127.0.0.1', 'live', '']);
  });

  test('returns to the version before', async () => {
    assert.match(await ok('revert', '--reason', 'done'), /^debug_peer_list: 127\.0\.0\.1 → \(empty\), as deployed$/m);
    await stack.functions.lmtp.kill();
    const count = dialogue().length;
    await submitMail(stack, { id: 'after', recipients: ['bob@example.com'] });
    await awaitLines(stack, 'after', 1);
    assert.equal(dialogue().length, count);
  });

  test('changes when deferred mail is tried again', async () => {
    await ok('set', 'minimal_backoff_time=1s', '--reason', 'INC-8');
    await stack.functions.lmtp.kill();
    await submitMail(stack, { id: 'down', recipients: ['ann@down.example'] });
    await awaitLines(stack, 'down', 2);
    assert.equal(linesOf(stack, 'down')[0]?.status, 'deferred');
  });

  test('is warned where a later deployment contradicts what was set', async () => {
    await ok('set', 'maximal_backoff_time=90m', '--reason', 'INC-9');
    const env = { ...stack.variables, MINIMAL_BACKOFF_TIME: '100m' };
    await ok('unset', 'minimal_backoff_time');
    const { code, stderr } = await runCommand(['settings'], { env });
    assert.equal(code, 0);
    assert.match(
      stderr,
      /^warning: version \d+ is not in force: minimal_backoff_time: is longer than maximal_backoff_time\./,
    );
    await ok('revert', '0');
  });

  test('is told what is wrong, and nothing is written', async () => {
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [['set', 'lmtp_tcp_port=25'], /^error: lmtp_tcp_port: changes only with a deployment: /],
      [['set', 'max_idle'], /^error: max_idle: expected name=value/],
      [['set', 'max_idle=soon'], /^error: max_idle: "soon" is not a time/],
      [['set', 'max_idle=5s', 'max_use=3', 'max_idle=6s'], /^error: max_idle: is given twice/],
      [['set', 'max_idle=5s', '--for', '0'], /^error: --for: 0 is not allowed/],
      [
        ['set', 'max_idle=5s', '--for', '99999999w'],
        /^error: option '--for <time>' argument '99999999w' is invalid.* at most 5200w/,
      ],
      [['unset', 'smtp_x'], /^error: smtp_x: /],
      [['settings', 'smtp_x'], /^error: smtp_x: /],
      [['revert', '77'], /^error: version: 77 is not allowed: expected a number from 0/],
      [['set', 'max_idle=5s', '--until', '2020-01-01T00:00:00Z'], /--until: this time is in the past/],
    ];
    const before = await ok('settings', '--history');
    for (const [args, message] of wrong) {
      const { code, stderr } = await runCommand(args, { env: stack.variables });
      assert.equal(code, 64, args.join(' '));
      assert.match(stderr, message);
    }
    assert.equal(await ok('settings', '--history'), before);
  });
});
