/**
 * Recipients of one message, each with its own verdict; and the events on the bounce topic, in the form of
 * Amazon SES.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { QueueEvent } from '../../functions/queue/items/event.ts';
import { bounceOf } from '../support/bounce-of.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { awaitLines, awaitState, submitMail } from '../support/story.ts';

let stack: LocalStack;

const verdicts = {
  unknown: { at: 'RCPT', code: 550, text: '5.1.1 No such user' },
  full: { at: 'content', code: 552, text: '5.2.2 Mailbox full' },
  busy: { at: 'content', code: 451, text: '4.3.0 Try again' },
} as const;

before(async () => {
  stack = await startLocalStack({
    parameters: { minimal_backoff_time: '1h', maximal_backoff_time: '1h', myhostname: 'mail.example.org' },
    mailStore: { verdict: (recipient) => verdicts[recipient.split('@')[0] as keyof typeof verdicts] },
  });
});
after(() => stack?.close());

test('each recipient of a message has its own verdict, in the order of the request', async () => {
  const recipients = ['bob@x', 'unknown@x', 'full@x', 'carol@x', 'busy@x'];
  await submitMail(stack, { id: 'verdicts', recipients });
  const lines = await awaitLines(stack, 'verdicts', 5);
  assert.deepEqual(
    lines.map(({ recipient, status, dsn }) => [recipient, status, dsn]),
    [
      ['bob@x', 'sent', '2.0.0'],
      ['unknown@x', 'bounced', '5.1.1'],
      ['full@x', 'bounced', '5.2.2'],
      ['carol@x', 'sent', '2.0.0'],
      ['busy@x', 'deferred', '4.3.0'],
    ],
  );
  const [item] = await awaitState(stack, 'verdicts', 'deferred');
  assert.deepEqual(
    item?.recipients.map(({ last }) => last?.status),
    ['sent', 'bounced', 'bounced', 'sent', 'deferred'],
  );
});

test('the bounces arrive as notifications of Amazon SES, one for each kind, with attributes to filter by', async () => {
  await stack.events.waitUntil((events) => events.length === 2, 20_000);
  const events = stack.events.items.map(({ message, attributes }) => ({ event: message as QueueEvent, attributes }));
  const [unknown, mailboxFull] = events.toSorted((a, b) =>
    bounceOf(a.event).bounceSubType.localeCompare(bounceOf(b.event).bounceSubType),
  );
  const host = 'host 127.0.0.1[127.0.0.1] said:';
  assert.partialDeepStrictEqual(unknown, {
    attributes: {
      class: 'bounce',
      eventType: 'Bounce',
      notificationType: 'Bounce',
      bounceType: 'Permanent',
      bounceSubType: 'General',
      transport: 'lmtp',
    },
    event: {
      notificationType: 'Bounce',
      bounce: {
        bounceType: 'Permanent',
        bounceSubType: 'General',
        reportingMTA: 'dns; mail.example.org',
        bouncedRecipients: [
          {
            emailAddress: 'unknown@x',
            action: 'failed',
            status: '5.1.1',
            diagnosticCode: `smtp; ${host} 550 5.1.1 No such user (in reply to RCPT TO command)`,
          },
        ],
      },
      mail: {
        source: 'alice@example.org',
        messageId: 'verdicts',
        destination: ['bob@x', 'unknown@x', 'full@x', 'carol@x', 'busy@x'],
      },
      lmtp: {
        id: 'verdicts',
        delivery: '0000',
        transport: 'lmtp',
        attempt: 1,
        message: { bucket: 'messages', key: 'in/verdicts.eml' },
      },
    },
  });
  assert.partialDeepStrictEqual(mailboxFull?.attributes, { bounceType: 'Transient', bounceSubType: 'MailboxFull' });
  assert.deepEqual(
    bounceOf(mailboxFull?.event).bouncedRecipients.map(({ emailAddress, status }) => [emailAddress, status]),
    [['full@x', '5.2.2']],
  );
  for (const { event } of events) {
    assert.equal(bounceOf(event).feedbackId, event.lmtp.eventId);
    assert.match(event.lmtp.eventId, /^[0-9a-f]{32}$/);
    assert.ok(Math.abs(Date.parse(bounceOf(event).timestamp) - Date.now()) < 60_000);
    assert.ok(Date.parse(event.mail.timestamp) <= Date.parse(bounceOf(event).timestamp));
  }
  assert.notEqual(unknown?.event.lmtp.eventId, mailboxFull?.event.lmtp.eventId);
});
