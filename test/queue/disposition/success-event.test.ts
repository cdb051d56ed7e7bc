import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseParameters } from '../../../functions/parameters/parameters.ts';
import { isFinalDelivery, successEvents } from '../../../functions/queue/disposition/success-event.ts';
import { makeItem } from '../../support/delivery-item.ts';

const item = makeItem({
  recipients: [
    { n: 0, address: 'asked@x', notify: ['SUCCESS', 'FAILURE'] },
    { n: 1, address: 'silent@x' },
    { n: 2, address: 'never@x', notify: ['NEVER'] },
  ],
});
const facts = { item, attempt: 1, now: item.arrival + 1500, reportingMta: 'mx.example', transport: 'lmtp' };
const sent = { status: 'sent', dsn: '2.0.0', text: '250 2.0.0 saved', remoteMta: 'store.example' } as const;
const served = (verdict: Parameters<typeof successEvents>[0][number]['verdict']) =>
  item.recipients.map((recipient) => ({ recipient, verdict }));

test('a recipient with NOTIFY=SUCCESS is in a success event of ours if the server does not report it', () => {
  const [event, ...others] = successEvents(served({ ...sent, relayed: true }), facts, false);
  assert.deepEqual(others, []);
  assert.deepEqual(event?.delivery, {
    timestamp: new Date(facts.now).toISOString(),
    processingTimeMillis: 1500,
    recipients: ['asked@x'],
    smtpResponse: '250 2.0.0 saved',
    reportingMTA: 'dns; mx.example',
    action: 'relayed',
  });
  assert.deepEqual(event?.mail.destination, ['asked@x', 'silent@x', 'never@x']);
  assert.deepEqual(event?.lmtp.recipients, [
    {
      address: 'asked@x',
      notify: ['SUCCESS', 'FAILURE'],
      remoteMta: 'store.example',
      status: '2.0.0',
      text: '250 2.0.0 saved',
    },
  ]);
});

test('three hundred such recipients share an event, each with its own text, because three hundred frames do not fit into an item', () => {
  const recipients = Array.from({ length: 300 }, (_, n) => ({ n, address: `r${n}@x`, notify: ['SUCCESS'] as const }));
  const all = recipients.map((recipient) => ({
    recipient,
    verdict: { ...sent, text: `250 2.0.0 saved ${recipient.n}`, relayed: true as const },
  }));
  const events = successEvents(all, { ...facts, item: { ...item, recipients } }, false);
  assert.equal(events.length, 1);
  assert.deepEqual(
    events[0]?.lmtp.recipients.map(({ text }) => text),
    all.map(({ verdict }) => verdict.text),
  );
});

test('a server that offers DSN reports success itself, and recipients that were not sent are in no success event', () => {
  assert.deepEqual(successEvents(served(sent), facts, false), []);
  assert.deepEqual(
    successEvents(served({ status: 'deferred', dsn: '4.0.0', text: 'later', relayed: true }), facts, false),
    [],
  );
});

test('a final delivery is called delivered, and the same event has the same id', () => {
  const [first] = successEvents(served({ ...sent, relayed: true }), facts, true);
  const [second] = successEvents(served({ ...sent, relayed: true }), { ...facts, now: facts.now + 1 }, true);
  assert.equal(first?.delivery.action, 'delivered');
  assert.equal(first?.lmtp.eventId, second?.lmtp.eventId);
  assert.equal(isFinalDelivery(parseParameters({ lmtp_flags: 'X' })), true);
  assert.equal(isFinalDelivery(parseParameters({ lmtp_assume_final: 'yes' })), true);
  assert.equal(isFinalDelivery(parseParameters({})), false);
});
