/** What people do with a recorded stack: producers, postmasters, and users of the dashboard. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { runCommand } from '../../../support/lambda-lmtp.ts';
import type { RecordedStack, roleNames } from '../../../support/recorded-stack.ts';
import { awaitLines, awaitState, itemsOf, patience, smallMessage, submitMail } from '../../../support/story.ts';
import { waitUntil } from '../../../support/wait-until.ts';

export function peopleStories(recorded: () => RecordedStack): void {
  const stack = () => recorded().stack;

  /** Runs a command as a role; it must succeed. */
  async function as(role: (typeof roleNames)[number], ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await runCommand(args, { env: recorded().as(role) });
    assert.equal(code, 0, `${args.join(' ')}\n${stdout}${stderr}`);
    // The role itself: the queue may show that a function was not, in another story.
    assert.doesNotMatch(stdout + stderr, new RegExp(`${role} is not authorized`));
    return stdout;
  }

  /** Mail that waits for an hour after its first attempt: its back-off is as long as it is old. */
  async function submitOld(id: string, ...recipients: readonly string[]): Promise<void> {
    await submitMail(stack(), { id, recipients, arrival: new Date(Date.now() - 2 * 3_600_000).toISOString() });
    await awaitState(stack(), id, 'deferred');
  }

  /** Mail that is in active, and stays there until it is released. */
  async function stuckInActive(id: string): Promise<Disposable> {
    const { permissions } = stack();
    permissions.outage = (caller, { action }) => caller.endsWith('Lmtp') && action.startsWith('dynamodb:');
    await submitMail(stack(), { id, recipients: ['bob@example.com'] });
    await awaitState(stack(), id, 'active');
    return {
      [Symbol.dispose]: () => {
        permissions.outage = undefined;
      },
    };
  }

  /** Waiting mail with an unpublished bounce. */
  async function untold(id: string): Promise<Disposable> {
    const { permissions } = stack();
    permissions.outage = (caller, { action }) => caller.endsWith('Lmtp') && action === 'sns:Publish';
    await submitOld(id, 'nobody@example.com', 'full@example.com');
    return {
      [Symbol.dispose]: () => {
        permissions.outage = undefined;
      },
    };
  }

  /** Waiting mail. */
  async function deferred(id: string): Promise<void> {
    await submitOld(id, 'full@example.com');
  }

  test('a producer submits a message', async () => {
    const file = join(stack().directory, 'my.eml');
    writeFileSync(file, smallMessage);
    const sender = ['--sender', 'alice@example.org', '--recipient', 'bob@example.com'];
    await as('Producer', 'submit', '--id', 'produced', ...sender, file);
    assert.partialDeepStrictEqual(await awaitLines(stack(), 'produced', 1), [{ status: 'sent' }]);
  });

  test('an observer sees the queue and the log', async () => {
    await deferred('observed');
    for (const command of ['queue', 'shape']) await as('Observer', command);
    assert.match(await as('Observer', 'queue', '--oldest'), /^observed /m);
    assert.match(await as('Observer', 'explain', 'observed'), /^observed from /);
    const { code, stdout } = await runCommand(['status'], { env: recorded().as('Observer') });
    assert.equal(code, 75, stdout);
    assert.doesNotMatch(stdout, /Observer is not authorized/);
    using _ = await stuckInActive('seen-in-active');
    assert.match(await as('Observer', 'queue', '--state', 'active'), /^seen-in-active /m);
    await as('Observer', 'log', '--since', '5m');
  });

  test('a postmaster operates the queue', async () => {
    await deferred('looked-after');
    for (const command of ['queue', 'shape']) await as('Postmaster', command);
    await as('Postmaster', 'queue', '--oldest');
    await as('Postmaster', 'explain', 'looked-after');
    await runCommand(['status'], { env: recorded().as('Postmaster') });
    await as('Postmaster', 'hold', 'looked-after', '--reason', 'why not');
    await as('Postmaster', 'release', 'looked-after');
    await awaitState(stack(), 'looked-after', 'deferred');
    await as('Postmaster', 'flush', 'looked-after');
    await awaitState(stack(), 'looked-after', 'deferred');
    {
      using _ = await stuckInActive('looked-at-in-active');
      assert.match(await as('Postmaster', 'queue', '--state', 'active'), /^looked-at-in-active /m);
    }
    {
      using _ = await untold('untold-by-command');
      await as('Postmaster', 'flush', 'untold-by-command');
    }
    await as('Postmaster', 'log', '--since', '5m');
    await as('Postmaster', 'delete', 'looked-after', '--yes', '--bounce', '--reason', 'moved');
    await deferred('unwanted');
    await as('Postmaster', 'delete', 'unwanted', '--yes');
    const { destination } = stack().mailStore;
    await as('Postmaster', 'hold', '--destination', destination, '--reason', 'x');
    await as('Postmaster', 'release', '--destination', destination);
    await as('Postmaster', 'check', destination, '--function', stack().outputs.CheckFunctionName);
  });

  test('a postmaster sets a parameter, and an observer sees it', async () => {
    await as('Postmaster', 'set', 'lmtp_quit_timeout=20s', '--for', '1h', '--reason', 'why not');
    assert.match(await as('Observer', 'settings'), /^lmtp_quit_timeout = 20s$/m);
    await as('Postmaster', 'revert');
  });

  test('a postmaster corrects corrupt mail, with bodies in every place', async () => {
    const message = await stack().putMessage('in/put-right', smallMessage);
    await stack().submit({ version: 1, id: 'put-right', sender: 'a@example.org', recipient: ['x'], message });
    await waitUntil('it is corrupt', () => stack().inspectQueue('corrupt').ready.length > 0, patience);
    const change = ['--unset', 'recipient', '--set', 'recipients=["bob@example.com"]'];
    const corrupt = async () =>
      (await as('Postmaster', 'queue', '--state', 'corrupt', '--json'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { readonly id: string; readonly reason?: string });
    const request = (await corrupt()).find((one) => JSON.stringify(one).includes('recipients: is missing'));
    await as('Postmaster', 'requeue', request?.id ?? '', ...change);
    await awaitState(stack(), 'put-right', 'done');
    for (const { id } of (await corrupt()).filter((one) => one.id.startsWith('gone-'))) {
      const [item] = await itemsOf(stack(), id);
      assert.ok(item);
      const { code, stdout, stderr } = await runCommand(['requeue', id], { env: recorded().as('Postmaster') });
      assert.notEqual(code, 0, 'its body is gone');
      assert.doesNotMatch(stdout + stderr, /not authorized/);
      const { bucket: Bucket, key: Key } = item.message;
      await stack().clients.s3.send(new PutObjectCommand({ Bucket, Key, Body: smallMessage }));
      await as('Postmaster', 'requeue', id);
      await awaitState(stack(), id, 'done');
    }
  });

  test('the screens of the dashboard are drawn, and their buttons act', async () => {
    await deferred('on-screen');
    const { showq, postsuper } = stack().functions;
    const { destination } = stack().mailStore;
    using _stuck = await stuckInActive('drawn-in-active');
    const list = { screen: 'list', state: 'active' };
    const explained = [{ destination }, { id: 'on-screen' }].map((what) => ({ screen: 'explain', ...what }));
    for (const event of [list, { screen: 'all' }, ...explained]) {
      const drawn = await showq.invoke(event);
      assert.equal(drawn.kind, 'returned', JSON.stringify(drawn));
      assert.doesNotMatch(JSON.stringify(drawn), /not authorized/);
    }
    using _untold = await untold('untold-by-button');
    for (const action of ['flush', 'hold', 'release', 'check']) {
      const done = await postsuper.invoke({ action, destination });
      assert.equal(done.kind, 'returned', JSON.stringify(done));
      assert.doesNotMatch(JSON.stringify(done), /not authorized/);
    }
  });
}

/** After the others: permissions that are refused here must be missing. */
export function refusalStories(recorded: () => RecordedStack): void {
  test('an observer changes nothing, and a submitter sees nothing', async () => {
    const hold = await runCommand(['hold', 'observed', '--reason', 'x'], { env: recorded().as('Observer') });
    assert.match(hold.stdout + hold.stderr, /not authorized to perform: dynamodb:UpdateItem/);
    const queue = await runCommand(['queue'], { env: recorded().as('Producer') });
    assert.match(queue.stdout + queue.stderr, /not authorized to perform: dynamodb:Query/);
  });
}
