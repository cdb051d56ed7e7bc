/** Mail from Amazon SES that it judged, and mail inside SES's notifications, through the functions themselves. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { CreateTopicCommand, PublishCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { bounceOf } from '../support/bounce-of.ts';
import { type SesMail, sesNotification, snsEnvelope } from '../support/front-door-messages.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { awaitEvent, awaitLines, awaitState, itemsOf, linesOf, patience, smallMessage } from '../support/story.ts';
import { waitUntil } from '../support/wait-until.ts';

let stack: LocalStack;

before(async () => {
  stack = await startLocalStack({
    // Only the stories sweep: a held mail stays until they have looked.
    sweepInterval: 0,
    parameters: { ses_spam_action: 'bounce', ses_hold_time: '1s', minimal_backoff_time: '1h' },
  });
});
after(() => stack?.close());

const timestamp = new Date(Date.now() - 60_000).toISOString();
const idOf = (name: string) => `${name}0lambda4nbp0g1o3vrnil0e2ic28trm7dfh`;

/** Stores a mail as SES does, and submits its notification. */
async function sesTakesIn(name: string, given: SesMail): Promise<string> {
  const messageId = idOf(name);
  await stack.putMessage(`ses/${messageId}`, smallMessage);
  await stack.submit(sesNotification({ messageId, timestamp, ...given }));
  return messageId;
}

/** The log lines of a function with a text. */
function notesOf(functionName: string, text: string): readonly string[] {
  return stack.log.items
    .filter((item) => item.functionName === functionName && item.line.includes(text))
    .map(({ line }) => line);
}

describe('mail with a virus', () => {
  const virusVerdict = { status: 'FAIL' };

  test('is held, dropped at the end of its hold, published as rejected, and not reported to its sender', async () => {
    const id = await sesTakesIn('dropped', { receipt: { virusVerdict } });
    const [item] = await awaitState(stack, id, 'held');
    const [hold] = item?.holds ?? [];
    assert.ok(hold?.until !== undefined);
    assert.partialDeepStrictEqual(hold, {
      id: 'ses-virus',
      atEnd: 'drop',
      reason: "Amazon SES's virusVerdict is FAIL",
    });
    const { until } = hold;
    await waitUntil('its hold has ended', async () => Date.now() > until, patience);
    await stack.sweep();
    assert.partialDeepStrictEqual(await awaitState(stack, id, 'done'), [
      { recipients: [{ last: { status: 'removed', dsn: '5.7.1' } }] },
    ]);
    assert.partialDeepStrictEqual(await awaitEvent(stack, id), {
      eventType: 'Reject',
      reject: { reason: 'Bad content' },
      lmtp: { recipients: [{ address: 'bob@example.com', status: '5.7.1' }] },
    });
    await waitUntil('the bounce function has seen it', async () => notesOf('bounce', id).length > 0, patience);
    assert.match(notesOf('bounce', id)[0] ?? '', /no report: the mail was rejected/);
    assert.equal(notesOf('qmgr', 'held for a verdict of Amazon SES').length, 1);
    assert.equal(notesOf('sweep', 'dropped: its hold ended without a release').length, 1);
    assert.deepEqual(linesOf(stack, id), []);
  });
});

test('mail with spam is bounced in the words of SES', async () => {
  const id = await sesTakesIn('bounced', { receipt: { spamVerdict: { status: 'FAIL' } } });
  const [line] = await awaitLines(stack, id, 1);
  const text = "message content rejected: Amazon SES's spamVerdict is FAIL";
  assert.partialDeepStrictEqual(line, { status: 'bounced', dsn: '5.7.1', relay: null, text });
  assert.partialDeepStrictEqual(bounceOf(await awaitEvent(stack, id)), {
    bounceSubType: 'ContentRejected',
    bouncedRecipients: [{ status: '5.7.1', diagnosticCode: `X-Postfix; ${text}` }],
  });
});

test('a notification with odd values in fields that no delivery depends on is delivered, with a warning', async () => {
  const id = await sesTakesIn('odd', { receipt: { dmarcVerdict: {}, spfVerdict: null, virusVerdict: 'clean' } });
  const [line] = await awaitLines(stack, id, 1);
  assert.equal(line?.status, 'sent');
  assert.match(notesOf('qmgr', 'fields left out')[0] ?? '', /receipt\.dmarcVerdict\.status: is missing/);
});

test('the mail inside a notification is stored with its octets and delivered once, though SQS delivers it twice', async () => {
  const messageId = idOf('inside');
  const mail = Buffer.from('From: a@example.org\r\nSubject: caf\xe9\r\n\r\n\xff octets\r\n', 'latin1');
  const action = { type: 'SNS', encoding: 'BASE64' };
  const notification = {
    ...sesNotification({ messageId, timestamp, action, recipients: ['inside@example.com'] }),
    content: mail.toString('base64'),
  };
  const { sns } = stack.clients;
  const queue = stack.outputs.IncomingQueueUrl.split('/').at(-1);
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'with-content' }));
  const Endpoint = `arn:aws:sqs:us-east-1:000000000000:${queue}`;
  const Attributes = { RawMessageDelivery: 'true' };
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }));
  await sns.send(new PublishCommand({ TopicArn, Message: JSON.stringify(notification) }));
  await awaitLines(stack, messageId, 1);
  await stack.submit(snsEnvelope(notification));
  await waitUntil('both were handled', async () => notesOf('qmgr', 'duplicate request').length > 0, patience);
  assert.deepEqual(
    linesOf(stack, messageId).map(({ recipient, status }) => [recipient, status]),
    [['inside@example.com', 'sent']],
  );
  const [item] = await itemsOf(stack, messageId);
  assert.ok(item !== undefined);
  const { bucket: Bucket, key: Key } = item.message;
  assert.match(Key, new RegExp(`^notified/${messageId}/[0-9a-f]{32}\\.eml$`));
  const { Body } = await stack.clients.s3.send(new GetObjectCommand({ Bucket, Key }));
  assert.deepEqual(Buffer.from((await Body?.transformToByteArray()) ?? []), mail);
  assert.equal((await readdir(join(stack.mailStore.maildirOf('inside@example.com'), 'new'))).length, 1);
});
