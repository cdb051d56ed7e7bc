import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bounceEvents, type FailedRecipient } from '../../../functions/queue/disposition/bounce-event.ts';
import type { EventFacts } from '../../../functions/queue/disposition/event-frame.ts';
import type { EnhancedStatus } from '../../../functions/smtp/enhanced-status.ts';
import { makeItem, makeRecipients } from '../../support/delivery-item.ts';

const item = makeItem({ id: '4bXq1', generation: 3, recipients: makeRecipients('a@x', 'b@x', 'c@x') });

const facts = (given: Partial<EventFacts> = {}): EventFacts => ({
  item,
  attempt: 3,
  now: Date.UTC(2026, 10, 22, 9),
  reportingMta: 'mail.example.org',
  transport: 'lmtp',
  ...given,
});

const failure = (
  address: string,
  dsn: EnhancedStatus,
  given: Partial<FailedRecipient['verdict']> = {},
): FailedRecipient => ({
  recipient: { address, n: 0 },
  verdict: { status: 'bounced', dsn, text: `host said: 550 ${dsn} no`, remoteMta: 'mail.example', ...given },
});

test('without a failed recipient there is no event', () => {
  assert.deepEqual(bounceEvents([], facts()), []);
});

test('an event reads like one of Amazon SES, with our own facts beside it', () => {
  const [event, ...others] = bounceEvents([failure('a@x', '5.1.1')], facts());
  assert.ok(event);
  assert.deepEqual(others, []);
  const { feedbackId } = event.bounce;
  assert.match(feedbackId, /^[0-9a-f]{32}$/);
  assert.deepEqual(event, {
    notificationType: 'Bounce',
    bounce: {
      bounceType: 'Permanent',
      bounceSubType: 'General',
      bouncedRecipients: [
        { emailAddress: 'a@x', action: 'failed', status: '5.1.1', diagnosticCode: 'smtp; host said: 550 5.1.1 no' },
      ],
      timestamp: '2026-11-22T09:00:00.000Z',
      feedbackId,
      reportingMTA: 'dns; mail.example.org',
    },
    mail: {
      timestamp: new Date(item.arrival).toISOString(),
      source: 'alice@example.org',
      messageId: '4bXq1',
      destination: ['a@x', 'b@x', 'c@x'],
    },
    lmtp: {
      version: 1,
      eventId: feedbackId,
      kind: 'bounce',
      id: '4bXq1',
      delivery: '0000',
      transport: 'lmtp',
      destination: item.destination,
      attempt: 3,
      deliveries: 1,
      part: 0,
      parts: 1,
      recipients: [{ address: 'a@x', remoteMta: 'mail.example' }],
      message: { bucket: 'messages', key: 'in/4bXq1.eml', etag: '"e"', size: 40 },
    },
  });
});

describe('a status in the terms of Amazon SES', () => {
  for (const [dsn, type, subType] of [
    ['5.1.1', 'Permanent', 'General'],
    ['5.1.10', 'Permanent', 'General'],
    ['5.11.1', 'Permanent', 'General'],
    ['5.0.0', 'Permanent', 'General'],
    ['5.2.1', 'Permanent', 'General'],
    ['5.2.2', 'Transient', 'MailboxFull'],
    ['5.2.3', 'Transient', 'MessageTooLarge'],
    ['5.3.4', 'Transient', 'MessageTooLarge'],
    ['5.3.0', 'Transient', 'General'],
    ['5.4.6', 'Transient', 'General'],
    ['5.5.3', 'Transient', 'General'],
    ['5.6.0', 'Transient', 'ContentRejected'],
    ['5.7.1', 'Transient', 'ContentRejected'],
  ] as const) {
    test(dsn, () => {
      const [event] = bounceEvents([failure('a@x', dsn)], facts());
      assert.deepEqual([event?.bounce.bounceType, event?.bounce.bounceSubType], [type, subType]);
    });
  }
  test('an expired recipient', () => {
    for (const [dsn, subType] of [
      ['4.1.1', 'General'],
      ['4.2.2', 'MailboxFull'],
    ] as const) {
      const [event] = bounceEvents([failure('a@x', dsn, { status: 'expired' })], facts());
      assert.deepEqual([event?.bounce.bounceType, event?.bounce.bounceSubType], ['Transient', subType]);
      assert.equal(event?.bounce.bouncedRecipients[0]?.status, dsn);
    }
  });
});

test('a text of our own is marked as such', () => {
  const { remoteMta: _, ...verdict } = failure('a@x', '5.1.3', { text: 'bad address' }).verdict;
  const [event] = bounceEvents([{ recipient: { address: 'a@x', n: 0 }, verdict }], facts());
  assert.equal(event?.bounce.bouncedRecipients[0]?.diagnosticCode, 'X-Postfix; bad address');
});

test('recipients that failed in the same way share an event, others have their own', () => {
  const events = bounceEvents([failure('a@x', '5.1.1'), failure('b@x', '5.2.2'), failure('c@x', '5.1.1')], facts());
  assert.deepEqual(
    events.map(({ bounce }) => bounce.bouncedRecipients.map(({ emailAddress }) => emailAddress)),
    [['a@x', 'c@x'], ['b@x']],
  );
  assert.equal(new Set(events.map(({ lmtp }) => lmtp.eventId)).size, 2);
});

describe('the id of an event', () => {
  const id = (given: Partial<EventFacts> = {}, dsn: EnhancedStatus = '5.1.1') =>
    bounceEvents([failure('a@x', dsn)], facts(given))[0]?.lmtp.eventId;

  test('is the same whenever and wherever the event is made again', () => {
    assert.equal(id(), id({ now: 1, reportingMta: 'other.example' }));
  });
  test('differs for another request, delivery, generation or kind of failure', () => {
    const ids = [
      id(),
      id({ item: { ...item, id: '4bXq2' } }),
      id({ item: { ...item, delivery: '0001' } }),
      id({ item: { ...item, generation: 4 } }),
      id({}, '5.2.2'),
    ];
    assert.equal(new Set(ids).size, ids.length);
  });
  test('differs for a refusal at admission and one of the first attempt, which share a generation', () => {
    assert.notEqual(id({ attempt: 0 }), id({ attempt: 1 }));
  });
});

test('ten thousand failures are split into events of a size that a topic accepts', () => {
  const failed = Array.from({ length: 2000 }, (_, n) =>
    failure(`recipient-${n}@example.com`, '5.1.1', { text: 'x'.repeat(200) }),
  );
  const events = bounceEvents(failed, facts());
  assert.ok(events.length > 1);
  assert.ok(events.every(({ bounce }) => Buffer.byteLength(JSON.stringify(bounce)) < 256 * 1024));
  const told = events.flatMap(({ bounce }) => bounce.bouncedRecipients.map(({ emailAddress }) => emailAddress));
  assert.deepEqual(
    told,
    failed.map(({ recipient }) => recipient.address),
  );
  assert.equal(new Set(events.map(({ lmtp }) => lmtp.eventId)).size, events.length);
});
