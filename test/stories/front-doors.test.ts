/** Mail arrives as AWS services announce it, and reaches the mailbox once; undeliverable mail has a reason. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { CreateTopicCommand, PublishCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { type LocalStack, startLocalStack } from '../../infra/local/stack.ts';
import { bounceOf } from '../support/bounce-of.ts';
import { awaitCorrupt } from '../support/corrupt-notice.ts';
import {
  eventBridgeEvent,
  s3Event,
  s3Record,
  s3TestEvent,
  sesNotification,
  snsEnvelope,
} from '../support/front-door-messages.ts';
import { awaitEvent, awaitLines, awaitState, itemsOf, linesOf, patience, smallMessage } from '../support/story.ts';
import { waitUntil } from '../support/wait-until.ts';

let stack: LocalStack;

before(async () => {
  stack = await startLocalStack({
    transportMap: [
      'gone.example error:5.1.6 this domain has moved',
      'moving.example retry:4.3.2 the mailboxes are being moved',
      'void.example discard:unwanted mail',
      '* lmtp:MAILSTORE',
    ].join('\n'),
    parameters: { minimal_backoff_time: '1h' },
  });
});
after(() => stack?.close());

/** The mail of these stories arrived a minute ago. */
const arrival = Date.now() - 60_000;

const messageIdOf = (name: string) => `${name}0lambda4nbp0g1o3vrnil0e2ic28trm7dfh`;

/** Stores a mail as SES does, and returns its notification. */
async function sesTakesIn(
  name: string,
  recipients: readonly string[] = ['bob@example.com'],
  metadata = {},
): Promise<object> {
  const messageId = messageIdOf(name);
  await stack.putMessage(`ses/${messageId}`, smallMessage, metadata);
  return sesNotification({ messageId, recipients, timestamp: new Date(arrival).toISOString() });
}

/** Waits until everything that was sent has been processed. */
async function incomingIsEmpty(): Promise<void> {
  await waitUntil(
    'incoming is empty',
    async () => {
      const { ready, delayed, inFlight } = stack.inspectQueue('incoming');
      return ready.length + delayed.length + inFlight.length === 0;
    },
    patience,
  );
}

describe('Amazon SES', () => {
  test('announces a mail through SNS, directly or in an envelope, and it is delivered to the recipients of the rule', async () => {
    const { sns, sqs: _ } = stack.clients;
    const queue = stack.outputs.IncomingQueueUrl.split('/').at(-1);
    const Endpoint = `arn:aws:sqs:us-east-1:000000000000:${queue}`;
    for (const [name, RawMessageDelivery] of Object.entries({ raw: 'true', wrapped: 'false' })) {
      const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: `mail-${name}` }));
      await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes: { RawMessageDelivery } }));
      const notification = await sesTakesIn(name, ['bob@example.com', 'carol@example.com']);
      await sns.send(new PublishCommand({ TopicArn, Message: JSON.stringify(notification) }));
      const lines = await awaitLines(stack, messageIdOf(name), 2);
      assert.deepEqual(
        lines.map(({ recipient, status }) => [recipient, status]),
        [
          ['bob@example.com', 'sent'],
          ['carol@example.com', 'sent'],
        ],
      );
      const [item] = await itemsOf(stack, messageIdOf(name));
      assert.partialDeepStrictEqual(item, {
        authentication: { spf: 'PASS' },
        arrival,
      });
    }
  });

  test('announces it twice, and the mail is delivered once', async () => {
    const notification = await sesTakesIn('twice');
    await stack.submit(notification);
    await stack.submit(snsEnvelope(notification));
    await awaitState(stack, messageIdOf('twice'), 'done');
    await incomingIsEmpty();
    assert.equal(linesOf(stack, messageIdOf('twice')).length, 1);
  });

  test('has two rules that match one mail, and each recipient gets it once', async () => {
    await stack.submit(await sesTakesIn('rules', ['bob@example.com', 'carol@example.com']));
    await stack.submit(await sesTakesIn('rules', ['carol@example.com', 'dave@example.com']));
    const lines = await awaitLines(stack, messageIdOf('rules'), 3);
    await incomingIsEmpty();
    assert.deepEqual(lines.map(({ recipient }) => recipient).sort(), [
      'bob@example.com',
      'carol@example.com',
      'dave@example.com',
    ]);
    assert.equal(linesOf(stack, messageIdOf('rules')).length, 3);
  });

  test('has encrypted a mail: it is kept as corrupt with the reason, and no recipient gets ciphertext', async () => {
    const metadata = { 'x-amz-key-v2': 'AQEDA', 'x-amz-wrap-alg': 'kms', 'x-amz-cek-alg': 'AES/GCM/NoPadding' };
    const message = await stack.submit(await sesTakesIn('sealed', ['bob@example.com'], metadata));
    const { reason } = await awaitCorrupt(stack, message);
    assert.match(
      reason,
      /^message\.key: object "ses\/sealed.*" in bucket "messages" was encrypted before it was stored/,
    );
    assert.match(reason, /remove the KMS key from the receipt rule's S3 action/);
    assert.deepEqual(linesOf(stack, messageIdOf('sealed')), []);
  });
});

describe('an object with its envelope', () => {
  const envelope = { sender: 'alice@example.org', recipients: 'bob@example.com, carol@example.com' };

  test('is delivered once, whichever service announces it and however often', async () => {
    const key = 'drop/caf\u00e9 & co.eml';
    await stack.putMessage(key, smallMessage, envelope);
    const { ETag = '' } = await stack.clients.s3.send(new HeadObjectCommand({ Bucket: 'messages', Key: key }));
    const written = { key, etag: ETag.replaceAll('"', ''), sequencer: '0A1B', time: new Date(arrival).toISOString() };
    for (const event of [s3Event(s3Record(written)), eventBridgeEvent(written), s3Event(s3Record(written))]) {
      await stack.submit(event);
    }
    const isDelivered = () => stack.deliveries.items.filter(({ id }) => id.startsWith('s3-')).length >= 2;
    await waitUntil('both are delivered', isDelivered, patience);
    await incomingIsEmpty();
    const lines = stack.deliveries.items.filter(({ id }) => id.startsWith('s3-'));
    assert.deepEqual(
      lines.map(({ recipient, status }) => [recipient, status]),
      [
        ['bob@example.com', 'sent'],
        ['carol@example.com', 'sent'],
      ],
    );
  });

  test('without an envelope in its metadata is corrupt, with the reason', async () => {
    await stack.putMessage('drop/bare.eml', smallMessage);
    const message = await stack.submit(
      s3Event(s3Record({ key: 'drop/bare.eml', time: new Date(arrival).toISOString() })),
    );
    assert.match(
      (await awaitCorrupt(stack, message)).reason,
      /^x-amz-meta-sender: is missing in the object's metadata/,
    );
  });
});

test('that is not mail leaves a line in the log and nothing else', async () => {
  await stack.submit(s3TestEvent);
  await stack.submit(sesNotification({ messageId: 'AMAZON_SES_SETUP_NOTIFICATION' }));
  await incomingIsEmpty();
  const said = stack.log.items.filter(({ line }) => line.includes('"skipped: not mail"'));
  assert.deepEqual(said.map(({ line }) => JSON.parse(line).reason).sort(), [
    "S3's test event",
    "SES's setup notification",
  ]);
});

describe('the transport map', () => {
  const submit = async (id: string, domain: string) => {
    const message = await stack.putMessage(`in/${id}.eml`, smallMessage);
    await stack.submit({ version: 1, id, sender: 'alice@example.org', recipients: [`bob@${domain}`], message });
    return (await awaitLines(stack, id, 1))[0];
  };

  test('bounces mail for a domain that has moved, in its words', async () => {
    const line = await submit('gone', 'gone.example');
    assert.partialDeepStrictEqual(line, {
      status: 'bounced',
      dsn: '5.1.6',
      relay: null,
      text: 'this domain has moved',
    });
    assert.partialDeepStrictEqual(bounceOf(await awaitEvent(stack, 'gone')), {
      bouncedRecipients: [{ emailAddress: 'bob@gone.example', status: '5.1.6' }],
    });
  });

  test('defers mail for a domain that is being moved', async () => {
    const line = await submit('moving', 'moving.example');
    assert.partialDeepStrictEqual(line, {
      status: 'deferred',
      dsn: '4.3.2',
      relay: null,
      text: 'the mailboxes are being moved',
    });
    await awaitState(stack, 'moving', 'deferred');
  });

  test('discards mail on request, and logs it as sent', async () => {
    const line = await submit('void', 'void.example');
    assert.partialDeepStrictEqual(line, { status: 'sent', dsn: '2.0.0', relay: null, text: 'unwanted mail' });
    await awaitState(stack, 'void', 'done');
  });
});
