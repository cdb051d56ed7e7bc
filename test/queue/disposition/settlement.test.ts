import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Verdict } from '../../../functions/delivery/verdict.ts';
import {
  inDoubtHold,
  type SettlementFacts,
  settle,
  withProgress,
} from '../../../functions/queue/disposition/settlement.ts';
import type { DeliveryItem, QueuedRecipient } from '../../../functions/queue/items/item.ts';
import { planDeliveries } from '../../../functions/queue/items/plan.ts';
import { pendingGrace } from '../../../functions/queue/items/policy.ts';
import { parseTransportMap } from '../../../functions/request/transport-map.ts';
import { bounceOf } from '../../support/bounce-of.ts';
import { makeEvent, makeItem, makeRecipients, makeVerdict } from '../../support/delivery-item.ts';

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
function settled(
  statuses: readonly Verdict['status'][],
  age = 10,
  given: Partial<DeliveryItem> = {},
  rules: Partial<SettlementFacts> = {},
) {
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
    ...rules,
  };
  return { ...settle(facts), now, item, facts };
}

const statusOf = ({ lines }: ReturnType<typeof settled>) =>
  lines.map(({ recipient, status }) => `${recipient} ${status}`);

test('when all recipients are sent, the item is done and never due again', () => {
  const settlement = settled(['sent', 'sent']);
  assert.equal(settlement.to, 'done');
  assert.equal(settlement.changes.due, null);
  assert.deepEqual(settlement.events, []);
  assert.deepEqual(statusOf(settlement), ['r0@x sent', 'r1@x sent']);
});

test('when a recipient is deferred, the back-off depends on the age of the message', () => {
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

test('when a recipient bounces, the event is made, and the item stays due until it is published', () => {
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

test('when one recipient bounces and another is deferred, the event is made for the one, and the other is retried', () => {
  const settlement = settled(['bounced', 'deferred']);
  assert.equal(settlement.to, 'deferred');
  assert.equal(settlement.events.length, 1);
  assert.equal(
    settlement.changes.due,
    settlement.now + pendingGrace,
    'the sweep checks whether the event is published',
  );
  assert.deepEqual(settlement.changes.unpublished, { due: settlement.now + 300 * second });
});

test('an unpublished event keeps a finished item due', () => {
  const settlement = settled(['sent'], 10, { pending: { e1: makeEvent('e1') } });
  assert.equal(settlement.to, 'done');
  assert.equal(settlement.changes.due, settlement.now + pendingGrace);
});

test('each attempt is counted, and ends the claim', () => {
  const { changes } = settled(['deferred'], 10, { attempt: 4, claim: { token: 't', until: 5 } });
  assert.equal(changes.attempt, 5);
  assert.equal(changes.claim, null);
});

test('the last reply for each recipient is stored', () => {
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

  test('makes two lines of the last deferral: the reply of the server, and the expiry', () => {
    const settlement = settled(['deferred'], life);
    assert.deepEqual(statusOf(settlement), ['r0@x deferred', 'r0@x expired']);
    assert.deepEqual(new Set(settlement.lines.map(({ dsn, text }) => `${dsn} ${text}`)).size, 1);
  });

  test("turns the deferral into a bounce with the server's last words and their temporary status", () => {
    const [event] = settled(['deferred'], life).events;
    assert.equal(bounceOf(event).bounceType, 'Transient');
    assert.deepEqual(bounceOf(event).bouncedRecipients, [
      { emailAddress: 'r0@x', action: 'failed', status: '4.2.2', diagnosticCode: 'smtp; the server on deferred' },
    ]);
  });

  test('does not affect recipients that were sent or refused', () => {
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
  test('that are finished stay unchanged and are not logged again', () => {
    const settlement = settled(['deferred', 'sent', 'deferred'], 10, { recipients, attempt: 1 });
    assert.deepEqual(statusOf(settlement), ['r1@x sent']);
    assert.equal(settlement.to, 'done');
    assert.equal(settlement.changes.recipients?.[0], recipients[0]);
    assert.equal(settlement.changes.recipients?.[2], recipients[2]);
    assert.deepEqual(settlement.events, []);
  });

  test('that this attempt has recorded as progress are logged with the others', () => {
    const noted = [{ address: 'r0@x', n: 0, last: makeVerdict('sent', 2) }];
    assert.deepEqual(statusOf(settled(['sent'], 10, { recipients: noted, attempt: 1 })), ['r0@x sent']);
  });

  test('that get no verdict stay unchanged', () => {
    const settlement = settled(['sent'], 10, { recipients: makeRecipients('r0@x', 'r1@x') });
    assert.deepEqual(statusOf(settlement), ['r0@x sent']);
    assert.equal(settlement.to, 'deferred');
  });
});

describe('recorded progress', () => {
  test('is about sent recipients, and no others', () => {
    const { item, facts, now } = settled(['sent', 'bounced', 'deferred']);
    const noted = withProgress(item, facts.verdicts, now);
    assert.deepEqual(
      noted.map(({ last }) => last?.status),
      ['sent', undefined, undefined],
    );
    assert.equal(noted[0]?.last?.attempt, 1);
  });
  test('does not overwrite what was finished before', () => {
    const recipients = [{ address: 'r0@x', n: 0, last: makeVerdict('sent', 1) }];
    const { item, facts, now } = settled(['sent'], 10, { recipients, attempt: 1 });
    assert.deepEqual(withProgress(item, facts.verdicts, now), recipients);
  });
});

describe('an item of as many recipients as fit, all bounced with long replies', () => {
  for (const length of [5, 60, 300, 900]) {
    test(`contains them all, with addresses of ${length} characters`, () => {
      const recipients = largestDelivery(length);
      const text = `550 5.1.1 ${'x'.repeat(2030)}`;
      const doubted = recipients.map((one) => ({ ...one, doubt: { attempts: 99, since: 1.7e12, at: 1.7e12 } }));
      const { facts } = settled(['bounced'], 10, {
        recipients: doubted.map((one) => ({ ...one, last: { ...makeVerdict('deferred'), inDoubt: true } })),
        attempt: 1,
      });
      const verdicts = new Map(recipients.map(({ n }) => [n, verdict('bounced', { text })]));
      const { changes, lines, events } = settle({ ...facts, verdicts });
      // DynamoDB counts names and values, so the quotes and commas of JSON only add to it.
      assert.ok(Buffer.byteLength(JSON.stringify({ ...facts.item, ...changes })) < 400 * 1024);
      assert.ok(events.every((event) => Buffer.byteLength(JSON.stringify(event)) < 256 * 1024));
      assert.ok(
        lines.every((line) => line.text === text),
        'the log has the complete reply',
      );
    });
  }
});

/** The recipients of one delivery of a request with far too many, each with every field that a request may have. */
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

test('for any verdicts, an item is done if and only if no recipient waits, and every recipient gets a line', () => {
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

describe('a delay warning', () => {
  const hours = 3600;
  const warning = { times: { ...times, delay_warning_time: 4 * hours * second } };
  const kinds = ({ events }: ReturnType<typeof settled>) => events.map(({ lmtp }) => lmtp.kind);

  test('is sent with the attempt at or past its time, and is recorded', () => {
    const settlement = settled(['deferred'], 4 * hours, {}, warning);
    assert.deepEqual(kinds(settlement), ['delay']);
    assert.equal(settlement.changes.warned, settlement.now);
    assert.deepEqual(settlement.changes.pending, {
      [settlement.events[0]?.lmtp.eventId ?? '']: settlement.events[0],
    });
    assert.equal(settlement.changes.due, settlement.now + pendingGrace, 'the sweep checks whether it is published');
  });

  test('is not made before its time, nor a second time, nor if no recipient asked for warnings', () => {
    assert.deepEqual(kinds(settled(['deferred'], 3 * hours, {}, warning)), []);
    assert.deepEqual(kinds(settled(['deferred'], 9 * hours, { warned: 1 }, warning)), []);
    assert.deepEqual(kinds(settled(['deferred'], 9 * hours)), []);
  });

  test('is about recipients that still wait and ask for delay notifications', () => {
    const recipients = [
      { address: 'r0@x', n: 0 },
      { address: 'r1@x', n: 1 },
      { address: 'r2@x', n: 2, notify: ['FAILURE'] as const },
      { address: 'r3@x', n: 3, notify: ['DELAY'] as const },
    ];
    const settlement = settled(['sent', 'deferred', 'deferred', 'deferred'], 5 * hours, { recipients }, warning);
    assert.deepEqual(
      settlement.events.flatMap(({ lmtp }) => lmtp.recipients.map(({ address }) => address)),
      ['r1@x', 'r3@x'],
    );
  });

  test('that concerns no such recipient is not recorded, and may follow later', () => {
    const recipients = [{ address: 'r0@x', n: 0, notify: ['NEVER'] as const }];
    const settlement = settled(['deferred'], 5 * hours, { recipients }, warning);
    assert.deepEqual([kinds(settlement), settlement.changes.warned], [[], undefined]);
  });

  test('is not made for mail that expires or is held', () => {
    assert.deepEqual(kinds(settled(['deferred'], 432_000, {}, warning)), ['bounce']);
    const holds = [{ id: 'h', reason: 'r', by: 'ann', since: 1 }];
    assert.deepEqual(kinds(settled(['deferred'], 5 * hours, { holds }, warning)), []);
  });
});

describe('a delivery with a hold that was requested during the attempt', () => {
  const holds = [{ id: 'h', reason: 'r', by: 'ann', since: 1 }];

  test('is held at the end, and not due for the sweep', () => {
    const settlement = settled(['deferred', 'sent'], 10, { holds });
    assert.deepEqual([settlement.to, settlement.changes.due, settlement.changes.holds], ['held', null, holds]);
  });

  test('is due where the hold has an end', () => {
    const ending = [{ ...(holds[0] ?? { id: '', reason: '', by: '', since: 0 }), until: 5_000_000_000 }];
    assert.equal(settled(['deferred'], 10, { holds: ending }).changes.due, 5_000_000_000);
  });

  test('does not expire: the operator decides', () => {
    const settlement = settled(['deferred'], 1_000_000, { holds });
    assert.deepEqual([settlement.to, statusOf(settlement)], ['held', ['r0@x deferred']]);
  });

  test('is done if no recipient is left', () => {
    const settlement = settled(['sent', 'bounced'], 10, { holds });
    assert.deepEqual([settlement.to, settlement.changes.holds], ['done', null]);
  });

  test('keeps its events due until they are published', () => {
    const settlement = settled(['bounced', 'deferred'], 10, { holds });
    assert.deepEqual(
      [settlement.to, settlement.changes.due, settlement.changes.unpublished],
      ['held', settlement.now + pendingGrace, {}],
    );
  });
});

describe('a delivery with a removal that was requested during the attempt', () => {
  const removal = { by: 'ann', why: 'spam', at: 5, bounces: false };

  test('is done: sent recipients stay sent, and there is no event about the others', () => {
    const settlement = settled(['sent', 'deferred'], 10, { removal });
    assert.deepEqual([settlement.to, settlement.events], ['done', []]);
    assert.deepEqual(
      settlement.changes.recipients.map(({ last }) => [last?.status, last?.by]),
      [
        ['sent', undefined],
        ['removed', 'ann'],
      ],
    );
    assert.deepEqual(statusOf(settlement), ['r0@x sent', 'r1@x deferred'], 'the log has the reply of the server');
  });

  test('bounces if that was requested, with a text of our own', () => {
    const settlement = settled(['deferred'], 10, { removal: { ...removal, bounces: true } });
    assert.deepEqual(statusOf(settlement), ['r0@x deferred', 'r0@x bounced']);
    assert.partialDeepStrictEqual(settlement.events.map(bounceOf), [
      { bouncedRecipients: [{ diagnosticCode: 'X-Postfix; message removed by the postmaster: spam' }] },
    ]);
  });
});

describe('a recipient in doubt', () => {
  const doubt = (rules: Partial<SettlementFacts>, age = 10, given: Partial<DeliveryItem> = {}) =>
    settled(['deferred', 'deferred'], age, given, {
      verdicts: new Map([
        [0, verdict('deferred', { inDoubt: true, text: 'lost connection while sending end of data' })],
        [1, verdict('deferred')],
      ]),
      ...rules,
    });

  test('is retried by default', () => {
    assert.equal(doubt({}).to, 'deferred');
    assert.equal(doubt({ inDoubtAction: 'retry' }).to, 'deferred');
  });

  test('is held for the operator with in_doubt_action=hold, with the reason', () => {
    const settlement = doubt({ inDoubtAction: 'hold' });
    assert.equal(settlement.to, 'held');
    assert.deepEqual(settlement.changes.holds, [
      {
        id: inDoubtHold,
        reason: 'in doubt whether it was delivered: lost connection while sending end of data',
        by: 'lmtp',
        since: settlement.now,
      },
    ]);
  });

  test('does not expire then; the others do', () => {
    const settlement = doubt({ inDoubtAction: 'hold' }, 432_000);
    assert.deepEqual(
      [settlement.to, statusOf(settlement)],
      ['held', ['r0@x deferred', 'r1@x deferred', 'r1@x expired']],
    );
  });

  test('is held once, whatever other holds there are', () => {
    const holds = [
      { id: inDoubtHold, reason: 'before', by: 'lmtp', since: 1 },
      { id: 'h', reason: 'r', by: 'ann', since: 1 },
    ];
    assert.deepEqual(doubt({ inDoubtAction: 'hold' }, 10, { holds }).changes.holds, holds);
  });
});

test('for any requested changes, each recipient is sent, expired, removed, or left where the operator sees it', () => {
  const status = fc.constantFrom('sent', 'deferred', 'bounced');
  const asked = fc.record({
    statuses: fc.array(status, { minLength: 1, maxLength: 6 }),
    age: fc.nat(900_000),
    isHeld: fc.boolean(),
    ends: fc.boolean(),
    removal: fc.constantFrom(undefined, true, false),
    doubts: fc.boolean(),
    inDoubtAction: fc.constantFrom('retry', 'hold'),
  });
  fc.assert(
    fc.property(asked, ({ statuses, age, isHeld, ends, removal, doubts, inDoubtAction }) => {
      const hold = { id: 'h', reason: 'r', by: 'ann', since: 1, ...(ends ? { until: 2_000_000_000 } : {}) };
      const verdicts = new Map(
        statuses.map((given, n) => [n, verdict(given, doubts && given === 'deferred' ? { inDoubt: true } : {})]),
      );
      const { to, changes, now } = settled(
        statuses,
        age,
        {
          ...(isHeld ? { holds: [hold] } : {}),
          ...(removal === undefined ? {} : { removal: { by: 'ann', why: 'w', at: 1, bounces: removal } }),
        },
        { verdicts, inDoubtAction },
      );
      const open = changes.recipients.filter(({ last }) => last === undefined || last.status === 'deferred');
      assert.equal(to === 'done', open.length === 0);
      if (to === 'deferred') assert.ok((changes.due ?? 0) > now);
      if (to === 'held') assert.ok((changes.holds?.length ?? 0) > 0);
      if (removal !== undefined) assert.equal(to, 'done');
      const pending = Object.keys(changes.pending).length;
      if (pending > 0) assert.ok((changes.due ?? Number.POSITIVE_INFINITY) <= now + pendingGrace);
    }),
  );
});
