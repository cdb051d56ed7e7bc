/** The operator's commands, as an operator runs them, on a local stack with real mail in it. */
import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { type CommandResult, runCommand } from '../support/lambda-lmtp.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { awaitLines, awaitState, itemsOf, patience, submitMail } from '../support/story.ts';
import { waitUntil } from '../support/wait-until.ts';

let stack: LocalStack;
let down: string;

/** Recipients whose mailbox is full. */
const full = new Set(['busy1@example.com', 'busy2@example.com', 'busy3@example.com']);

before(async () => {
  down = `inet:[127.0.0.1]:${await freePort()}`;
  stack = await startLocalStack({
    transportMap: `down.example lmtp:${down}\n* lmtp:MAILSTORE`,
    // No retry and no sweep unless an operator causes it.
    parameters: {
      minimal_backoff_time: '1h',
      lmtp_initial_destination_concurrency: '1',
      myhostname: 'mx.example.org',
    },
    sweepInterval: 0,
    mailStore: {
      verdict: (recipient) =>
        full.has(recipient) ? { at: 'content', code: 452, text: '4.2.2 Quota exceeded' } : undefined,
    },
  });
});
after(() => stack?.close());

const who = `local/${userInfo().username}`;

async function run(...args: readonly string[]): Promise<CommandResult> {
  return await runCommand(args, { env: stack.variables });
}

/** Runs a command that must succeed, and returns its output. */
async function ok(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  assert.deepEqual([code, stderr], [0, ''], `${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

function jsonLines(stdout: string): readonly Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Mail that waits for full mailboxes. */
async function deferred(id: string, ...recipients: readonly string[]): Promise<void> {
  await submitMail(stack, { id, recipients });
  await awaitState(stack, id, 'deferred');
}

/** The destination of the stack's own mail store, as the queue writes it. */
function storeName(): string {
  return stack.mailStore.destination.replace('127.0.0.1', '[127.0.0.1]');
}

test('an empty queue is empty, and all is well', async () => {
  assert.equal(await ok('queue'), 'The queue is empty.\n');
  assert.equal(await ok('queue', '--json'), '');
  assert.equal(await ok('status'), 'All is well. The queue is empty.\n');
  assert.match(await ok('shape'), /^ +T 5 10 20 40 80 160 320 640 1280 1280\+\nTOTAL 0 0/);
});

describe('waiting mail', () => {
  before(async () => {
    await deferred('first', 'busy1@example.com', 'bob@example.com');
    await deferred('second', 'busy2@example.com');
    await submitMail(stack, { id: 'third', recipients: ['ann@down.example'] });
    await awaitState(stack, 'third', 'deferred');
  });

  test('is listed with the reason of each recipient, in the words of the server', async () => {
    const listed = await ok('queue');
    assert.match(listed, /^ID +STATE +AGE +TRIES +NEXT +DESTINATION +SENDER\n/);
    assert.match(listed, /^first +deferred +\d+s +1 +in (?:59m|1h) .*<alice@example\.org>$/m);
    assert.match(
      listed,
      /^ {4}<busy1@example\.com>: 4\.2\.2 host 127\.0\.0\.1\[127\.0\.0\.1\] said: 452 4\.2\.2 Quota exceeded \(in reply to end of DATA command\)$/m,
    );
    assert.doesNotMatch(listed, /<bob@/);
    assert.match(
      listed,
      /^ {4}<ann@down\.example>: 4\.4\.1 connect to 127\.0\.0\.1\[127\.0\.0\.1\]:\d+: Connection refused$/m,
    );
    assert.match(listed, /^-- 3 in total$/m);
  });

  const filters: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
    'by destination, in any spelling': [['--destination', 'DOWN'], ['third']],
    'by recipient': [['--recipient', '@down.example'], ['third']],
    'by recipient, finished ones left out': [['--recipient', 'bob@example.com'], []],
    'by sender': [
      ['--sender', 'ALICE@*'],
      ['first', 'second', 'third'],
    ],
    'by its reply': [
      ['--reply', 'quota EXCEEDED'],
      ['first', 'second'],
    ],
    'by state': [['--state', 'held,corrupt'], []],
    'by age': [['--older', '1h'], []],
    'by youth': [
      ['--younger', '1h'],
      ['first', 'second', 'third'],
    ],
    'by a recipient in doubt': [['--in-doubt'], []],
    'the oldest first, up to the limit': [
      ['--oldest', '--limit', '2'],
      ['first', 'second'],
    ],
  };
  for (const [name, [options, ids]] of Object.entries(filters)) {
    test(`is found ${name}`, async () => {
      const named = options.map((option) => (option === 'DOWN' ? down.replace(/[[\]]/g, '').toUpperCase() : option));
      const found = jsonLines(await ok('queue', '--json', ...named)).map(({ id }) => id);
      assert.deepEqual(found.toSorted(), ids.toSorted());
      if (named.includes('--oldest')) assert.deepEqual(found, ids);
    });
  }

  test('is a line of JSON for each delivery, with the replies, recipients and times', async () => {
    const [entry] = jsonLines(await ok('queue', '--json', '--recipient', 'busy1@example.com'));
    assert.partialDeepStrictEqual(entry, {
      ...{ id: 'first', delivery: '0000', state: 'deferred', sender: 'alice@example.org', attempts: 1 },
      recipients: [{ address: 'busy1@example.com', status: 'deferred', dsn: '4.2.2', attempt: 1 }],
    });
    assert.match(String(entry?.['due']), /^\d{4}-\d\d-\d\dT.*Z$/);
  });

  test('is listed briefly from the index alone', async () => {
    const listed = await ok('queue', '--brief', '--destination', stack.mailStore.destination);
    assert.match(listed, /^ID +STATE .* RECIPIENTS AND LAST REPLY\n/);
    const lines = listed.trimEnd().split('\n');
    assert.deepEqual([lines.length, lines.at(-1)], [4, '-- 2 in total'], 'one line each');
    assert.match(listed, /^second\/0000 +deferred .* <busy2@example\.com>: 4\.2\.2 host 127\.0\.0\.1/m);
  });

  test('has a shape', async () => {
    const [total, ...rows] = jsonLines(await ok('shape', '--json'));
    assert.deepEqual(total, {
      destination: 'TOTAL',
      total: 3,
      ages: { 5: 3, 10: 0, 20: 0, 40: 0, 80: 0, 160: 0, 320: 0, 640: 0, 1280: 0, '1280+': 0 },
    });
    assert.deepEqual(
      rows.map(({ destination, total: count }) => [destination, count]),
      [
        [storeName(), 2],
        [down, 1],
      ],
    );
    assert.match(await ok('shape', '--by', 'sender'), /^ *example\.org 3 3 /m);
  });

  test('has a history, from its arrival to the next try', async () => {
    const story = await ok('explain', 'first');
    assert.match(
      story,
      /^first from <alice@example\.org>, arrived \S+Z \(.* ago\), 2 recipients\n {2}body {2}s3:\/\/messages\/in\/first\.eml, \d+ B\n/,
    );
    assert.match(
      story,
      /^0000 to inet:\[127\.0\.0\.1\]:\d+: deferred, 1 attempt; next try \S+Z \(in .*\); returned after \S+Z$/m,
    );
    assert.match(
      story,
      /^ {2}<bob@example\.com>: sent, attempt 1, .* by 127\.0\.0\.1\[127\.0\.0\.1\]:\d+\n {6}2\.0\.0 250 2\.0\.0 /m,
    );
    assert.match(story, /^→ (?:npx )?lambda-lmtp flush first$/m);
    const [whole] = jsonLines(await ok('explain', 'first', '--json'));
    assert.partialDeepStrictEqual(whole, { id: 'first', deliveries: [{ state: 'deferred', attempts: 1 }] });
  });

  test('for a destination that is down is explained by that, and status says so', async () => {
    const story = await ok('explain', down);
    assert.match(story, new RegExp(`^${down.replace(/[[\]]/g, '\\$&')} is suspended\n`));
    assert.match(
      story,
      /^ {2}suspended since .*, after 1 failure in a row: 4\.4\.1 connect to .*: Connection refused$/m,
    );
    assert.match(story, /^ {2}waiting or in delivery: 1 deferred$/m);
    assert.match(story, /^→ (?:npx )?lambda-lmtp check 'inet:\[/m);
    assert.match(await ok('explain', 'third'), /^ {2}its destination is suspended since /m);
    const { code, stdout } = await run('status');
    assert.equal(code, 75);
    assert.match(
      stdout,
      /^Mail is late\. No mail has been lost\. 3 deliveries in the queue, .*: 3 deferred\.\nSuspended: inet:/,
    );
    const json = await run('status', '--json');
    assert.partialDeepStrictEqual(JSON.parse(json.stdout), {
      well: false,
      waiting: { deliveries: 3 },
      suspended: [{ name: down }],
    });
  });

  test('is held with author and reason, and a dry run changes nothing', async () => {
    const before = await itemsOf(stack, 'first');
    assert.equal(
      await ok('hold', 'first', '--reason', 'INC-1', '--hold', 'inc', '--what-if'),
      'first/0000: would be held (inc); it would not be tried until it is released\n',
    );
    assert.deepEqual(await itemsOf(stack, 'first'), before);
    assert.match(
      await ok('hold', 'first', '--reason', 'INC-1', '--hold', 'inc', '--for', '2h'),
      /^first\/0000: held \(inc\); it will not be tried until \S+Z, or until it is released\n$/,
    );
    const flushed = await run('flush', 'first');
    assert.deepEqual(
      [flushed.code, flushed.stdout.replace('npx ', '')],
      [
        75,
        `first/0000: not changed: it is held (inc) by ${who}: INC-1; nothing will be tried. Release it first\n→ lambda-lmtp release first\n`,
      ],
    );
    assert.match(
      await ok('queue', '--state', 'held'),
      new RegExp(`^    held \\(inc\\) by ${who} since .*, until .*: INC-1$`, 'm'),
    );
    assert.match(await ok('explain', 'first'), new RegExp(`^  \\S+Z held \\(inc\\), by ${who}: INC-1$`, 'm'));
    const refused = await run('release', 'first', '--hold', 'other');
    assert.deepEqual([refused.code, refused.stdout], [75, 'first/0000: not changed: it has no hold "other"\n']);
    assert.equal(await ok('release', 'first', '--reason', 'over'), 'first/0000: released; it will be tried now\n');
    // It is tried at once, and has to wait again.
    const lines = await awaitLines(stack, 'first', 3);
    assert.deepEqual(lines.at(-1)?.attempt, 2);
    await awaitState(stack, 'first', 'deferred');
  });

  test('is held by a filter, and released by a list of ids', async () => {
    const held = jsonLines(await ok('hold', '--recipient', 'busy*', '--reason', 'quota', '--hold', 'quota', '--json'));
    assert.deepEqual(held.map(({ id, outcome }) => `${id} ${outcome}`).sort(), ['first changed', 'second changed']);
    const { code, stdout } = await runCommand(['release', '-'], {
      env: stack.variables,
      input: 'first\nsecond/0000\n\n',
    });
    assert.equal(code, 0);
    assert.equal(
      stdout,
      'first/0000: released; it will be tried now\nsecond/0000: released; it will be tried now\n-- 2 deliveries will be tried now\n',
    );
    for (const id of ['first', 'second']) await awaitState(stack, id, 'deferred');
  });

  test('is flushed when there is room again', async () => {
    full.delete('busy2@example.com');
    assert.match(await ok('flush', 'second'), /^second\/0000: will be tried now\n$/);
    await awaitState(stack, 'second', 'done');
    const again = await run('flush', 'second');
    assert.deepEqual(
      [again.code, again.stdout],
      [75, 'second/0000: not changed: it is done: nothing is left to be tried\n'],
    );
  });

  test('is flushed with its destination, which is retried even after a suspension', async () => {
    const flushed = await ok('flush', '--destination', down);
    assert.match(
      flushed,
      /^inet:\[127\.0\.0\.1\]:\d+: suspension cleared; the next delivery will be attempted\nthird\/0000: will be tried now\n-- 1 delivery will be tried now\n$/,
    );
    await waitUntil('a second attempt', async () => (await itemsOf(stack, 'third'))[0]?.attempt === 2, patience);
    await awaitState(stack, 'third', 'deferred');
  });

  test('is deleted on confirmation, and bounced on request', async () => {
    const unsure = await run('delete', 'third');
    assert.deepEqual([unsure.code, unsure.stdout], [64, '']);
    assert.match(unsure.stderr, /^error: there is no terminal to ask for confirmation/);
    assert.equal((await itemsOf(stack, 'third'))[0]?.state, 'deferred');
    assert.equal(
      await ok('delete', 'third', '--what-if'),
      'third/0000: would be removed; it would not be tried again, and the sender would not be notified\n',
    );
    assert.equal(
      await ok('delete', 'third', '--yes', '--bounce', '--reason', 'house moved'),
      'third/0000: removed and bounced; it will not be tried again, and the sender will receive a bounce\n',
    );
    const { message } = await stack.events.waitFor(
      ({ message: one }) => (one as { lmtp?: { id?: string } }).lmtp?.id === 'third',
      20_000,
    );
    assert.partialDeepStrictEqual(message, {
      notificationType: 'Bounce',
      bounce: {
        reportingMTA: 'dns; mx.example.org',
        bouncedRecipients: [{ diagnosticCode: 'X-Postfix; message removed by the postmaster: house moved' }],
      },
    });
    assert.equal(
      await ok('delete', '--sender', 'alice@example.org', '--yes', '--json'),
      '{"id":"first","delivery":"0000","outcome":"changed","text":"removed; it will not be tried again, and the sender will not be notified"}\n',
    );
    assert.equal(await ok('queue'), 'The queue is empty.\n');
  });
});

test('a destination is held and released, and the history names the author', async () => {
  assert.match(
    await ok('hold', '--destination', stack.mailStore.destination, '--reason', 'disk', '--hold', 'disk'),
    /: held \(disk\); its mail will not be tried until it is released\n$/,
  );
  // Containers use a record for some seconds.
  await waitUntil(
    'mail is held with its destination',
    async () => {
      const id = `held-${crypto.randomUUID()}`;
      await submitMail(stack, { id, recipients: ['zoe@example.com'] });
      return (await waitUntil('taken in', async () => (await itemsOf(stack, id))[0], patience)).state === 'held';
    },
    { within: 30_000, every: 1000 },
  );
  assert.match(await ok('queue', '--state', 'held'), /^ {4}held with its destination inet:/m);
  assert.match(await ok('status'), new RegExp(`^All is well\\. .*\nHeld: inet:\\S+ \\(disk\\) by ${who}`));
  const alone = await run('release', '--state', 'held');
  assert.equal(alone.code, 75);
  assert.match(
    alone.stdout,
    /^held-\S+: not changed: its destination \S+ is held \(disk\) by \S+: disk; nothing will be tried\. Release the destination first\n→ /m,
  );
  assert.match(
    await ok('release', '--destination', stack.mailStore.destination, '--what-if'),
    /would be released; its mail would be tried again\n[1-9]\d* deliver\w+ would be tried now/,
  );
  assert.match(
    await ok('release', '--destination', stack.mailStore.destination),
    /: released; its mail will be tried again\n[1-9]\d* deliver\w+ will be tried now\n$/,
  );
  await waitUntil('the queue is empty', async () => (await ok('queue', '--json')) === '', {
    within: 30_000,
    every: 1000,
  });
  assert.match(
    await ok('explain', stack.mailStore.destination),
    new RegExp(`released, by ${who}: no reason given$`, 'm'),
  );
});

test('a corrupt request is corrected, and continues under its own id', async () => {
  const message = await stack.putMessage('in/put-right.eml', 'Subject: x\r\n\r\nhello\r\n');
  await stack.submit({
    version: 1,
    id: 'put-right',
    sender: 'alice@example.org',
    recipient: ['yan@example.com'],
    message,
  });
  const corrupt = await waitUntil(
    'the request is corrupt',
    async () => jsonLines(await ok('queue', '--state', 'corrupt', '--json'))[0],
    { within: 20_000, every: 500 },
  );
  const name = String(corrupt['id']);
  const status = await run('status');
  assert.equal(status.code, 75);
  assert.match(
    status.stdout,
    new RegExp(
      `^Action required\\. .*\nCorrupt: 1 cannot be used \\(${name}\\)\n→ .*lambda-lmtp queue --state corrupt`,
    ),
  );
  assert.match(await ok('explain', name), /^ {2}recipients: is missing.*\n {2}copy {2}s3:\/\/messages\/corrupt\//m);
  const asIs = await run('requeue', name);
  assert.deepEqual([asIs.code, asIs.stdout.split(':')[1]], [65, ' not changed']);
  const edit = [
    'requeue',
    name,
    '--unset',
    'recipient',
    '--set',
    'recipients=["yan@example.com"]',
    '--reason',
    'a typing error',
  ];
  assert.equal(
    await ok(...edit, '--what-if'),
    `${name}: would be requeued, edited; it would be accepted within seconds, as put-right\n`,
  );
  assert.equal(await ok(...edit), `${name}: requeued, edited; it will be accepted within seconds, as put-right\n`);
  await awaitState(stack, 'put-right', 'done');
  assert.match(
    await ok('explain', name),
    new RegExp(
      `an operator requeued or removed it.*\n(?:.*\n)*  \\S+Z requeued, edited, by ${who}: a typing error$`,
      'm',
    ),
  );
  assert.equal(await ok('status'), 'All is well. The queue is empty.\n');
});

test('a delivery with a missing body continues after the body is restored', async () => {
  await deferred('gone', 'busy3@example.com');
  const [item] = await itemsOf(stack, 'gone');
  await stack.putMessage('in/gone.eml', 'Subject: written over\r\n\r\n');
  await ok('flush', 'gone');
  await awaitState(stack, 'gone', 'corrupt');
  assert.match(await ok('queue'), /^gone +corrupt .*\n {4}message\.key: object "in\/gone\.eml" was altered/m);
  full.delete('busy3@example.com');
  assert.match(
    await ok('requeue', 'gone', '--reason', 'as it should be'),
    /^gone\/0000: requeued with other message; it will be tried now\n$/,
  );
  const [done] = await awaitState(stack, 'gone', 'done');
  assert.deepEqual([done?.arrival, done?.recipients[0]?.last?.status], [item?.arrival, 'sent']);
});
