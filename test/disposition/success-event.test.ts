import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventFrame } from '../../functions/disposition/event-frame.ts';
import { isFinalDelivery, successEvents } from '../../functions/disposition/success-event.ts';
import { parseParameters } from '../../functions/parameters.ts';
import { makeItem } from '../support/delivery-item.ts';

const item = makeItem({
  recipients: [
    { n: 0, address: 'asked@x', notify: ['SUCCESS', 'FAILURE'] },
    { n: 1, address: 'silent@x' },
    { n: 2, address: 'never@x', notify: ['NEVER'] },
  ],
});
const facts = { item, attempt: 1, now: item.arrival + 1500, reportingMta: 'mx.example', transport: 'lmtp' };
const sent = { status: 'sent', text: '250 2.0.0 saved' } as const;
const served = (verdict: Parameters<typeof successEvents>[0][number]['verdict']) =>
  item.recipients.map((recipient) => ({ recipient, verdict }));

test('whoever asked for it hears of success from us, where the server does not tell', () => {
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
  assert.deepEqual(event && eventFrame(event.lmtp.eventId, facts).mail, event?.mail);
});

test('a server that offers DSN tells it itself, and nobody hears of what was not sent', () => {
  assert.deepEqual(successEvents(served(sent), facts, false), []);
  assert.deepEqual(successEvents(served({ status: 'deferred', text: 'later', relayed: true }), facts, false), []);
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
