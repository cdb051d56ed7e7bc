/** The same request twice, as SQS may deliver it, is delivered once. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { awaitLines, awaitState, linesOf, patience, prepareMail, submitMail } from '../support/story.ts';
import { waitUntil } from '../support/wait-until.ts';

let stack: LocalStack;

before(async () => {
  stack = await startLocalStack();
});
after(() => stack?.close());

/** Waits until the queues are empty and no invocation runs. */
async function awaitRest(): Promise<void> {
  await waitUntil(
    'the queues are empty',
    () =>
      (['incoming', 'active', 'deferred'] as const).every((name) => {
        const { ready, delayed, inFlight } = stack.inspectQueue(name);
        return ready.length + delayed.length + inFlight.length === 0;
      }),
    patience,
  );
}

async function filedFor(recipient: string): Promise<number> {
  return (await readdir(join(stack.mailStore.maildirOf(recipient), 'new'))).length;
}

test('ten copies of a request, at once and later, deliver once', async () => {
  const request = await prepareMail(stack, { id: 'copies', recipients: ['bob@x', 'carol@x'] });
  await Promise.all(Array.from({ length: 9 }, () => stack.submit(request)));
  await awaitLines(stack, 'copies', 2);
  await awaitState(stack, 'copies', 'done');
  await stack.submit(request);
  await awaitRest();
  assert.equal(linesOf(stack, 'copies').length, 2);
  assert.deepEqual([await filedFor('bob@x'), await filedFor('carol@x')], [1, 1]);
  assert.deepEqual(stack.inspectQueue('corrupt').ready, []);
});

test('a copy that arrives after its body was deleted is a duplicate too', async () => {
  const request = { id: 'cleared', recipients: ['dave@x'] };
  await submitMail(stack, request);
  await awaitState(stack, 'cleared', 'done');
  const { bucket, key } = await stack.putMessage('in/cleared.eml', 'another message has its place now');
  await stack.submit({ version: 1, sender: 'alice@example.org', message: { bucket, key }, ...request });
  await awaitRest();
  assert.equal(await filedFor('dave@x'), 1);
  assert.deepEqual(stack.inspectQueue('corrupt').ready, []);
});

test('two requests without an id are two, even with the same content', async () => {
  const { id: _, ...request } = await prepareMail(stack, { id: 'nameless', recipients: ['erin@x'] });
  await stack.submit(request);
  await stack.submit(request);
  await waitUntil('both are filed', async () => (await filedFor('erin@x').catch(() => 0)) === 2, patience);
});
