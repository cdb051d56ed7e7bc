/** An unusable request is kept, with the wrong field and value; the rest of its batch is delivered. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { bounceOf } from '../support/bounce-of.ts';
import { awaitCorrupt, type KeptRequest } from '../support/corrupt-notice.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { awaitEvent, awaitLines, awaitState, itemsOf, linesOf, prepareMail, submitMail } from '../support/story.ts';

let stack: LocalStack;

before(async () => {
  stack = await startLocalStack({
    transportMap: 'example.com lmtp:MAILSTORE',
    parameters: { minimal_backoff_time: '1s' },
    mailStore: {
      verdict: (recipient, seen) =>
        recipient.startsWith('busy') && seen === 0 ? { at: 'RCPT', code: 452, text: '4.2.2 busy' } : undefined,
    },
  });
});
after(() => stack?.close());

/** Sends bodies in one batch; resolves to the ids of their messages. */
async function sendBatch(bodies: readonly string[]): Promise<readonly string[]> {
  const Entries = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
  const QueueUrl = stack.outputs.IncomingQueueUrl;
  const sent: (string | undefined)[] = [];
  // SQS takes ten messages at a time.
  for (let at = 0; at < Entries.length; at += 10) {
    const batch = Entries.slice(at, at + 10);
    const { Successful = [] } = await stack.clients.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: batch }));
    sent.push(...batch.map(({ Id }) => Successful.find((one) => one.Id === Id)?.MessageId));
  }
  return sent.map((id) => id ?? '');
}

/** The fault of each bad request, and the reason in its notice. */
const bad: Readonly<Record<string, readonly [string | object, RegExp]>> = {
  'malformed JSON': ['{ "version": 1, ', /^request: is not JSON: /],
  'a field twice': [
    '{ "version": 1, "id": "a", "version": 1 }',
    /^version: "version" is given twice \(line 1 column 28\)$/,
  ],
  'a day that does not exist': [
    { arrival: '2026-02-30T08:00:00Z' },
    /^arrival: "2026-02-30T08:00:00Z" is a time that does not exist: the day must be 1 to 28$/,
  ],
  'an unknown field': [{ priority: 'high' }, /^priority: is not a field; allowed are version, id, sender, /],
  'an unknown field of a recipient': [
    { recipients: [{ address: 'bob@example.com', adress: 'x' }] },
    /^recipients\[0\]\.adress: is not a field; allowed are address, original, notify, orcpt$/,
  ],
  'a missing body': [
    { message: { bucket: 'messages', key: 'in/nowhere.eml' } },
    /^message\.key: there is no object "in\/nowhere\.eml" in bucket "messages"$/,
  ],
  'a line end in the sender': [
    { sender: 'alice@example.org>\r\nRCPT TO:<mallory@example.com' },
    /^sender: "alice@example\.org>\\r\\nRCPT TO:<mallory@example\.com" holds the control character U\+000D$/,
  ],
  'a NUL in the sender': [
    { sender: 'ali\u0000ce@example.org' },
    /^sender: "ali\\u0000ce@example\.org" holds .* U\+0000$/,
  ],
  'a destination that cannot be read': [
    { destination: 'inet:one.example.com:99999' },
    /^destination: "inet:one\.example\.com:99999": "99999" is not a port: 1 to 65535, or lmtp, is allowed$/,
  ],
  'a destination that is not allowed': [
    { destination: 'inet:169.254.169.254:80' },
    /^destination: "inet:169\.254\.169\.254:80" is not allowed by this stack; allowed: inet:\[127\.0\.0\.1\]:\d+$/,
  ],
  'a bucket that is not allowed': [
    { message: { bucket: 'payroll', key: 'a.eml' } },
    /^message\.bucket: "payroll" is not allowed by this stack; allowed: messages$/,
  ],
};

describe('a batch of bad requests and good ones', () => {
  let ids: readonly string[];
  let bodies: readonly string[];

  before(async () => {
    const good = await prepareMail(stack, { id: 'good-last', recipients: ['carol@example.com'] });
    bodies = Object.entries(bad).map(([what, [wrong]]) => {
      const id = what.replaceAll(' ', '-');
      return typeof wrong === 'string'
        ? wrong
        : JSON.stringify({ ...good, id, recipients: ['bob@example.com'], ...wrong });
    });
    ids = await sendBatch([...bodies, JSON.stringify(good)]);
  });

  for (const [index, [what, [, reason]]] of Object.entries(bad).entries()) {
    test(`keeps the one with ${what}, and names its fault`, async () => {
      const kept: KeptRequest = await awaitCorrupt(stack, ids[index] ?? '');
      assert.match(kept.reason, reason);
      assert.deepEqual([kept.body, kept.copy], [bodies[index], bodies[index]]);
      assert.partialDeepStrictEqual(kept.item, { state: 'corrupt', reason: kept.reason });
    });
  }

  test('delivers the good one', async () => {
    assert.partialDeepStrictEqual(await awaitLines(stack, 'good-last', 1), [{ status: 'sent' }]);
  });

  test('delivers nothing of the bad ones', () => {
    assert.deepEqual(
      stack.deliveries.items.map(({ recipient }) => recipient),
      ['carol@example.com'],
    );
  });
});

test('a request with the id of another request is corrupt, and the other is not affected', async () => {
  await submitMail(stack, { id: 'used', recipients: ['bob@example.com'] });
  await awaitState(stack, 'used', 'done');
  const before = await itemsOf(stack, 'used');
  const message = await submitMail(stack, { id: 'used', recipients: ['mallory@example.com'] });
  const { reason } = await awaitCorrupt(stack, message);
  assert.equal(reason, 'id: "used" is already used by another request');
  assert.deepEqual(await itemsOf(stack, 'used'), before);
});

test('a body that was altered while its delivery waited is corrupt, not delivered, and no recipient bounces', async () => {
  await submitMail(stack, { id: 'altered', recipients: ['busy@example.com'] });
  await awaitLines(stack, 'altered', 1);
  await stack.putMessage('in/altered.eml', 'Subject: something else\r\n\r\n');
  const { reason, copy, item } = await awaitCorrupt(stack, 'altered.0000');
  assert.match(reason, /^message\.key: object "in\/altered\.eml" was altered after its request had been taken in/);
  assert.partialDeepStrictEqual(JSON.parse(copy), { id: 'altered', recipients: [{ address: 'busy@example.com' }] });
  assert.partialDeepStrictEqual(item, { state: 'corrupt' });
  await awaitState(stack, 'altered', 'corrupt');
  assert.deepEqual(
    linesOf(stack, 'altered').map(({ status }) => status),
    ['deferred'],
  );
});

for (const [name, character] of Object.entries({ CR: '\r', LF: '\n', NUL: '\u0000' })) {
  test(`a recipient with a ${name} bounces at admission, and the others are sent`, async () => {
    const id = `door-${name}`;
    const address = `bob@example.com${character}RCPT TO:<mallory@example.com>`;
    await submitMail(stack, { id, recipients: ['bob@example.com', address, 'carol@example.com'] });
    const lines = await awaitLines(stack, id, 3);
    const code = character.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase();
    const bounced = lines.find(({ status }) => status === 'bounced');
    const others = lines.filter((line) => line !== bounced);
    assert.partialDeepStrictEqual(bounced, { status: 'bounced', dsn: '5.1.3', relay: null, attempt: 0 });
    assert.match(bounced?.text ?? '', new RegExp(`^bad recipient address syntax: .* U\\+${code}$`));
    assert.deepEqual(
      others.map(({ recipient, status }) => [recipient, status]),
      [
        ['bob@example.com', 'sent'],
        ['carol@example.com', 'sent'],
      ],
    );
    const bounce = bounceOf(await awaitEvent(stack, id));
    assert.partialDeepStrictEqual(bounce, {
      bounceType: 'Permanent',
      bouncedRecipients: [{ emailAddress: address, action: 'failed', status: '5.1.3' }],
    });
  });
}
