import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseTransportMap } from '../../functions/delivery/transport-map.ts';
import type { Verdict } from '../../functions/delivery/verdict.ts';
import { noteProgress, type SettlementFacts, settle } from '../../functions/disposition/settlement.ts';
import type { DeliveryItem, QueuedRecipient } from '../../functions/queue/item.ts';
import { planDeliveries } from '../../functions/queue/plan.ts';
import { pendingGrace } from '../../functions/queue/policy.ts';
import { bounceOf } from '../support/bounce-of.ts';
import { makeEvent, makeItem, makeRecipients, makeVerdict } from '../support/delivery-item.ts';

const second = 1000;
const times = {
  minimal_backoff_time: 300 * second,
  maximal_backoff_time: 4000 * second,
  maximal_queue_lifetime: 432_000 * second,
  bounce_queue_lifetime: 86_400 * second,
  delay_warning_time: 0,
  retry_jitter: 0,
};

const verdict = (status: Verdict['status'], given: Partial<Verdict> = {}): Verdict => ({
  status,
  dsn: ({ sent: '2.0.0', deferred: '4.2.2', bounced: '5.1.1' } as const)[status],
  text: `the server on ${status}`,
  relay: 'mail.example[10.0.0.1]:24',
  remoteMta: 'mail.example',
  setUp: 0.1,
  transfer: 0.2,
  ...given,
});

/** An item that arrived `age` seconds ago and has `statuses.length` recipients, settled now. */
function settled(statuses: readonly Verdict['status'][], age = 10, given: Partial<DeliveryItem> = {}) {
  const now = 1_000_000_000;
  const arrival = now - age * second;
  const recipients = makeRecipients(...statuses.map((_, n) => `r${n}@x`));
  const item = makeItem({ arrival, activated: arrival, recipients, ...given });
  const facts: SettlementFacts = {
    item,
    verdicts: new Map(statuses.map((status, n) => [n, verdict(status)])),
    begun: now - second,
    now,
    times,
    reportingMta: 'mail.example.org',
    transport: 'lmtp',
  };
  return { ...settle(facts), now, item, facts };
}

const statusOf = ({ lines }: ReturnType<typeof settled>) =>
  lines.map(({ recipient, status }) => `${recipient} ${status}`);

test('everybody was sent to: the item is done, and nobody needs to look at it again', () => {
  const settlement = settled(['sent', 'sent']);
  assert.equal(settlement.to, 'done');
  assert.equal(settlement.changes.due, null);
  assert.deepEqual(settlement.events, []);
  assert.deepEqual(statusOf(settlement), ['r0@x sent', 'r1@x sent']);
});

test('somebody was deferred: the item waits as long as the message is old', () => {
  for (const [age, wait] of [
    [1, 300],
    [299, 300],
    [600, 600],
    [100_000, 4000],
  ] as const) {
    const settlement = settled(['sent', 'deferred'], age);
    assert.equal(settlement.to, 'deferred');
    assert.equal(settlement.changes.due, settlement.now + wait * second, `${age} s old`);
    assert.deepEqual(settlement.events, []);
  }
});

test('somebody bounced: the sender is told, and the item stays in sight until that is published', () => {
  const settlement = settled(['sent', 'bounced']);
  assert.equal(settlement.to, 'done');
  assert.equal(settlement.changes.due, settlement.now + pendingGrace);
  const [event] = settlement.events;
  assert.deepEqual(
    bounceOf(event).bouncedRecipients.map(({ emailAddress }) => emailAddress),
    ['r1@x'],
  );
  assert.deepEqual(settlement.changes.pending, { [event?.lmtp.eventId ?? '']: event });
});

test('somebody bounced and somebody waits: the sender is told of the one, the other is tried again', () => {
  const settlement = settled(['bounced', 'deferred']);
  assert.equal(settlement.to, 'deferred');
  assert.equal(settlement.events.length, 1);
  assert.equal(settlement.changes.due, settlement.now + pendingGrace, 'the sweep looks whether the event is out');
  assert.deepEqual(settlement.changes.unpublished, { due: settlement.now + 300 * second });
});

test('an event that is still to be published keeps a finished item in sight', () => {
  const settlement = settled(['sent'], 10, { pending: { e1: makeEvent('e1') } });
  assert.equal(settlement.to, 'done');
  assert.equal(settlement.changes.due, settlement.now + pendingGrace);
});

test('each attempt is counted, and ends the claim', () => {
  const { changes } = settled(['deferred'], 10, { attempt: 4, claim: { token: 't', until: 5 } });
  assert.equal(changes.attempt, 5);
  assert.equal(changes.claim, null);
});

test('what was last said to a recipient is written down', () => {
  const { changes, now } = settled(['deferred'], 10, { attempt: 1 });
  assert.deepEqual(changes.recipients?.[0]?.last, {
    status: 'deferred',
    dsn: '4.2.2',
    text: 'the server on deferred',
    at: now,
    attempt: 2,
    relay: 'mail.example[10.0.0.1]:24',
    remoteMta: 'mail.example',
  });
});

describe('the lifetime', () => {
  const life = 432_000;
  test('ends at its very second, not before', () => {
    assert.equal(settled(['deferred'], life - 1).to, 'deferred');
    assert.equal(settled(['deferred'], life).to, 'done');
  });

  test('makes two lines of the last deferral: what the server said, and that it was the last time', () => {
    const settlement = settled(['deferred'], life);
    assert.deepEqual(statusOf(settlement), ['r0@x deferred', 'r0@x expired']);
    assert.deepEqual(new Set(settlement.lines.map(({ dsn, text }) => `${dsn} ${text}`)).size, 1);
  });

  test("turns the deferral into a bounce with the server's last words and their soft status", () => {
    const [event] = settled(['deferred'], life).events;
    assert.equal(bounceOf(event).bounceType, 'Transient');
    assert.deepEqual(bounceOf(event).bouncedRecipients, [
      { emailAddress: 'r0@x', action: 'failed', status: '4.2.2', diagnosticCode: 'smtp; the server on deferred' },
    ]);
  });

  test('does not concern those who were sent to, or refused', () => {
    const settlement = settled(['sent', 'bounced', 'deferred'], life);
    assert.deepEqual(statusOf(settlement), ['r0@x sent', 'r1@x bounced', 'r2@x deferred', 'r2@x expired']);
    assert.deepEqual(settlement.events.map((event) => bounceOf(event).bounceType).sort(), ['Permanent', 'Transient']);
  });

  test('of mail with the null sender is its own', () => {
    assert.equal(settled(['deferred'], 86_400, { sender: '' }).to, 'done');
    assert.equal(settled(['deferred'], 86_399, { sender: '' }).to, 'deferred');
    assert.equal(settled(['deferred'], 86_400).to, 'deferred');
  });
});

describe('recipients of earlier attempts', () => {
  const recipients = [
    { address: 'r0@x', n: 0, last: makeVerdict('sent', 1) },
    { address: 'r1@x', n: 1, last: makeVerdict('deferred', 1) },
    { address: 'r2@x', n: 2, last: makeVerdict('bounced', 0) },
  ];
  test('who is finished stays as he is and is not logged again', () => {
    const settlement = settled(['deferred', 'sent', 'deferred'], 10, { recipients, attempt: 1 });
    assert.deepEqual(statusOf(settlement), ['r1@x sent']);
    assert.equal(settlement.to, 'done');
    assert.equal(settlement.changes.recipients?.[0], recipients[0]);
    assert.equal(settlement.changes.recipients?.[2], recipients[2]);
    assert.deepEqual(settlement.events, []);
  });

  test('what this very attempt wrote down on its way is logged with the rest of it', () => {
    const noted = [{ address: 'r0@x', n: 0, last: makeVerdict('sent', 2) }];
    assert.deepEqual(statusOf(settled(['sent'], 10, { recipients: noted, attempt: 1 })), ['r0@x sent']);
  });

  test('who has no verdict is left as he was', () => {
    const settlement = settled(['sent'], 10, { recipients: makeRecipients('r0@x', 'r1@x') });
    assert.deepEqual(statusOf(settlement), ['r0@x sent']);
    assert.equal(settlement.to, 'deferred');
  });
});

describe('progress that is written down', () => {
  test('is of those who were sent to, and of nobody else', () => {
    const { item, facts, now } = settled(['sent', 'bounced', 'deferred']);
    const noted = noteProgress(item, facts.verdicts, now);
    assert.deepEqual(
      noted.map(({ last }) => last?.status),
      ['sent', undefined, undefined],
    );
    assert.equal(noted[0]?.last?.attempt, 1);
  });
  test('does not overwrite what was finished before', () => {
    const recipients = [{ address: 'r0@x', n: 0, last: makeVerdict('sent', 1) }];
    const { item, facts, now } = settled(['sent'], 10, { recipients, attempt: 1 });
    assert.deepEqual(noteProgress(item, facts.verdicts, now), recipients);
  });
});

describe('an item of as many recipients as fit, all bounced with long words', () => {
  for (const length of [5, 60, 300, 900]) {
    test(`holds them all, addresses of ${length} characters`, () => {
      const recipients = largestDelivery(length);
      const text = `550 5.1.1 ${'x'.repeat(2030)}`;
      const { facts } = settled(['bounced'], 10, { recipients });
      const verdicts = new Map(recipients.map(({ n }) => [n, verdict('bounced', { text })]));
      const { changes, lines, events } = settle({ ...facts, verdicts });
      // DynamoDB counts names and values, so the quotes and commas of JSON only add to it.
      assert.ok(Buffer.byteLength(JSON.stringify({ ...facts.item, ...changes })) < 400 * 1024);
      assert.ok(events.every((event) => Buffer.byteLength(JSON.stringify(event)) < 256 * 1024));
      assert.ok(
        lines.every((line) => line.text === text),
        'the log has the words whole',
      );
    });
  }
});

/** The recipients of one delivery of a request with far too many, each with all that a request may say of it. */
function largestDelivery(length: number): readonly QueuedRecipient[] {
  const recipients = Array.from({ length: 2000 }, (_, n) => ({
    address: `${'r'.repeat(length)}${n}@example.com`,
    original: `${'o'.repeat(length)}${n}@example.com`,
    orcpt: `rfc822;${'o'.repeat(Math.min(length, 400))}@example.com`,
    notify: ['SUCCESS', 'FAILURE', 'DELAY'] as const,
  }));
  const request = { sender: 'alice@x', recipients, message: { bucket: 'b', key: 'k' } };
  const transportMap = parseTransportMap('* lmtp:inet:mail.example:24', 'lmtp', 24);
  const rules = { transportMap, allowedDestinations: new Set<string>(), recipientLimit: 0, defaultPort: 24 };
  return planDeliveries(request, rules).deliveries[0]?.recipients ?? [];
}

test('whatever the verdicts, an item is done if and only if nobody waits, and everybody gets a line', () => {
  const statuses = fc.array(fc.constantFrom<Verdict['status']>('sent', 'deferred', 'bounced'), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(statuses, fc.nat(500_000), fc.boolean(), (given, age, isBounce) => {
      const settlement = settled(given, age, isBounce ? { sender: '' } : {});
      const isOver = age >= (isBounce ? 86_400 : 432_000);
      assert.equal(settlement.to, isOver || !given.includes('deferred') ? 'done' : 'deferred');
      const told = settlement.events.flatMap((event) =>
        bounceOf(event).bouncedRecipients.map(({ emailAddress }) => emailAddress),
      );
      const failed = given.flatMap((status, n) =>
        status === 'bounced' || (isOver && status === 'deferred') ? [`r${n}@x`] : [],
      );
      assert.deepEqual(told.toSorted(), failed);
      assert.deepEqual(
        [...new Set(settlement.lines.map(({ recipient }) => recipient))],
        given.map((_, n) => `r${n}@x`),
      );
      assert.ok(settlement.to === 'done' || (settlement.changes.due ?? 0) > settlement.now);
    }),
  );
});
