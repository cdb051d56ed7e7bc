import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DelayedRecipient, delayEvents } from '../../../functions/queue/disposition/delay-event.ts';
import type { EnhancedStatus } from '../../../functions/smtp/enhanced-status.ts';
import { makeItem } from '../../support/delivery-item.ts';

const item = makeItem({
  id: '4bXq1',
  recipients: [
    { n: 0, address: 'silent@x', original: 'alias@x', orcpt: 'rfc822;alias@x' },
    { n: 1, address: 'asked@x', notify: ['DELAY'] },
    { n: 2, address: 'failures-only@x', notify: ['FAILURE', 'SUCCESS'] },
    { n: 3, address: 'never@x', notify: ['NEVER'] },
  ],
  dsn: { ret: 'HDRS', envid: 'QQ314159' },
  authentication: { spf: 'PASS', karma: '7' },
  sesMessageId: 'ses-4711',
});
const facts = { item, attempt: 4, now: item.arrival + 4000, reportingMta: 'mx.example', transport: 'lmtp' };
const times = { maximal_queue_lifetime: 5000 };
const late = { status: 'deferred', dsn: '4.4.1', text: 'connect to store.example: timed out' } as const;
const delayed = (verdict: DelayedRecipient['verdict'] = late): readonly DelayedRecipient[] =>
  item.recipients.map((recipient) => ({ recipient, verdict }));

test('a delay event has the form of SES and names recipients without NOTIFY or with NOTIFY=DELAY', () => {
  const [event, ...others] = delayEvents(delayed(), facts, times);
  assert.ok(event);
  assert.deepEqual(others, []);
  assert.equal(event.eventType, 'DeliveryDelay');
  assert.deepEqual(event.deliveryDelay, {
    delayType: 'TransientCommunicationFailure',
    delayedRecipients: ['silent@x', 'asked@x'].map((emailAddress) => ({
      emailAddress,
      status: '4.4.1',
      diagnosticCode: 'X-Postfix; connect to store.example: timed out',
    })),
    expirationTime: new Date(item.arrival + 5000).toISOString(),
    timestamp: new Date(facts.now).toISOString(),
    reportingMTA: 'dns; mx.example',
  });
  assert.partialDeepStrictEqual(event.lmtp, {
    kind: 'delay',
    attempt: 4,
    part: 0,
    parts: 1,
    recipients: [
      { address: 'silent@x', original: 'alias@x', orcpt: 'rfc822;alias@x' },
      { address: 'asked@x', notify: ['DELAY'] },
    ],
    dsn: { ret: 'HDRS', envid: 'QQ314159' },
  });
  assert.deepEqual(event.lmtp.authentication, { spf: 'PASS' });
  assert.equal(event.lmtp.sesMessageId, 'ses-4711');
});

test('the null sender is never warned', () => {
  assert.deepEqual(delayEvents(delayed(), { ...facts, item: { ...item, sender: '' } }, times), []);
});

test('a recipient that is sent or bounced is not in a delay event', () => {
  assert.deepEqual(delayEvents(delayed({ ...late, status: 'sent' }), facts, times), []);
  assert.deepEqual(delayEvents(delayed({ ...late, status: 'bounced' }), facts, times), []);
  assert.deepEqual(delayEvents(delayed({ ...late, status: 'expired' }), facts, times), []);
});

test('each kind of delay has its event, and each event says how many there are', () => {
  const [first, second] = item.recipients;
  assert.ok(first && second);
  const events = delayEvents(
    [
      { recipient: first, verdict: late },
      { recipient: second, verdict: { ...late, dsn: '4.2.2', remoteMta: 'store.example' } },
    ],
    facts,
    times,
  );
  assert.deepEqual(
    events.map(({ deliveryDelay, lmtp }) => [deliveryDelay.delayType, lmtp.part, lmtp.parts]),
    [
      ['TransientCommunicationFailure', 0, 2],
      ['MailboxFull', 1, 2],
    ],
  );
  assert.equal(new Set(events.map(({ lmtp }) => lmtp.eventId)).size, 2);
});

test('the same warning has the same id, and that of another attempt has another', () => {
  const id = (given: object = {}) => delayEvents(delayed(), { ...facts, ...given }, times)[0]?.lmtp.eventId;
  assert.equal(id(), id({ now: 1, reportingMta: 'other.example' }));
  assert.notEqual(id(), id({ attempt: 5 }));
});

describe('a status in the terms of Amazon SES', () => {
  for (const [dsn, remoteMta, type] of [
    ['4.2.2', 'store.example', 'MailboxFull'],
    ['4.2.1', 'store.example', 'General'],
    ['4.7.0', 'store.example', 'IPFailure'],
    ['4.7.5', undefined, 'General'],
    ['4.4.2', 'store.example', 'TransientCommunicationFailure'],
    ['4.5.0', 'store.example', 'TransientCommunicationFailure'],
    ['4.3.0', 'store.example', 'RecipientServerError'],
    ['4.3.0', undefined, 'InternalFailure'],
    ['4.0.0', 'store.example', 'Undetermined'],
    ['4.0.1', 'store.example', 'General'],
  ] as const satisfies readonly (readonly [EnhancedStatus, string | undefined, string])[]) {
    test(`${dsn} ${remoteMta === undefined ? 'of ours' : 'of a server'}`, () => {
      const verdict = { ...late, dsn, ...(remoteMta === undefined ? {} : { remoteMta }) };
      assert.equal(delayEvents(delayed(verdict), facts, times)[0]?.deliveryDelay.delayType, type);
    });
  }
});
