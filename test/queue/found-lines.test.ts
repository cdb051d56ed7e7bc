/**
 * Lines of the delivery log that are written from the item, because their worker may have died before it
 * wrote them.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settle } from '../../functions/queue/disposition/settlement.ts';
import { limitHold } from '../../functions/queue/items/doubt.ts';
import type { DeliveryItem, QueuedRecipient } from '../../functions/queue/items/item.ts';
import { handleDeadLetter } from '../../functions/queue/settlement/dead-letters.ts';
import { settlementRules } from '../../functions/queue/settlement/settlement-rules.ts';
import { sweep } from '../../functions/queue/sweep/sweep.ts';
import { type Deliver, work } from '../../functions/queue/work/worker.ts';
import { type CapturingServices, captureServices } from '../support/capturing-services.ts';
import { makeItem, makeRecipients, makeVerdict } from '../support/delivery-item.ts';

const key = { id: '4bXq1', delivery: '0000' };

async function withItem(given: Partial<DeliveryItem>): Promise<CapturingServices> {
  const services = captureServices();
  await services.ledger.admit(makeItem({ ...key, ...given }));
  return services;
}

const expireUndelivered: Deliver = () => Promise.reject(new Error('nothing is to be delivered'));

/** A message of active with this receive count arrives again. */
async function arriveAgain(services: CapturingServices, generation: number, received = 2): Promise<void> {
  const message = { version: 1, ...key, generation, received };
  assert.equal(await work(message, services, expireUndelivered, { left: () => 60_000, whole: 300_000 }), 'stale');
}

function said({ lines }: CapturingServices): readonly string[] {
  return lines.map(({ recipient, attempt, status, found }) =>
    [recipient, attempt, status, ...(found === true ? ['found'] : [])].join(' '),
  );
}

const recipients: readonly QueuedRecipient[] = [
  { address: 'early@x', n: 0, last: makeVerdict('sent', 1) },
  { address: 'bob@x', n: 1, last: makeVerdict('sent', 2) },
  { address: 'carol@x', n: 2, last: makeVerdict('deferred', 2) },
  { address: 'dave@x', n: 3, last: makeVerdict('expired', 2) },
];

describe('a message whose delivery was settled in its own generation', () => {
  test('and that arrives again, has the lines of that attempt written, marked as found', async () => {
    const services = await withItem({ state: 'deferred', generation: 5, attempt: 2, settled: [3, 5], recipients });
    await arriveAgain(services, 5);
    assert.deepEqual(said(services), [
      'bob@x 2 sent found',
      'carol@x 2 deferred found',
      'dave@x 2 deferred found',
      'dave@x 2 expired found',
    ]);
    // From 1,000,000 in active to 1,500,000.
    assert.partialDeepStrictEqual(services.lines[0], {
      relay: null,
      text: 'said the server',
      delay: 500,
      delays: [0, 500, 0, 0],
    });
    assert.equal(services.metrics.sum('Sent'), 1);
  });

  test('has no lines written at its first receipt: a copy that the sweep sent proves nothing about its worker', async () => {
    const services = await withItem({ state: 'deferred', generation: 5, attempt: 2, settled: [3, 5], recipients });
    await arriveAgain(services, 5, 1);
    assert.deepEqual(said(services), []);
  });

  test('has no lines written for an attempt that is not settled', async () => {
    const services = await withItem({ state: 'delivering', generation: 7, attempt: 2, settled: [3, 5], recipients });
    await arriveAgain(services, 7);
    assert.deepEqual(said(services), []);
  });

  test('has the lines written also if the delivery has moved on', async () => {
    const moved = {
      state: 'active',
      generation: 6,
      attempt: 2,
      settled: [3, 5],
      activated: 9_000_000,
      recipients,
    } as const;
    const services = await withItem(moved);
    await arriveAgain(services, 5);
    assert.equal(services.lines.length, 4);
    assert.partialDeepStrictEqual(services.lines[0], { delay: 500, delays: [500, 0, 0, 0] });
  });

  test('shows at least that retried recipients were deferred in an earlier attempt', async () => {
    const services = await withItem({ state: 'deferred', generation: 5, attempt: 2, settled: [3, 5], recipients });
    await arriveAgain(services, 3);
    assert.deepEqual(said(services), [
      'early@x 1 sent found',
      'bob@x 1 deferred found',
      'carol@x 1 deferred found',
      'dave@x 1 deferred found',
    ]);
    assert.partialDeepStrictEqual(services.lines[1], { dsn: '4.0.0', relay: null });
  });

  test('and that goes to the dead letters, has them written there', async () => {
    const services = await withItem({ state: 'done', generation: 5, attempt: 2, settled: [3, 5], recipients });
    const wakeUp = { version: 1, ...key, generation: 5 };
    await handleDeadLetter({ messageId: 'm', body: JSON.stringify(wakeUp), received: 9 }, services);
    assert.equal(services.lines.length, 4);
  });
});

describe('a recipient in doubt', () => {
  const doubt = { attempts: 3, since: 1_200_000, at: 1_500_000 };
  const doubted = { ...makeVerdict('deferred', 3), inDoubt: true } as const;
  const hour = 3_600_000;

  /** Held at in_doubt_limit by an attempt whose worker may have died before it wrote its line. */
  function heldAtLimit({ arrival, due }: { readonly arrival: number; readonly due: number }): Partial<DeliveryItem> {
    return {
      ...{ state: 'held', generation: 6, attempt: 3, settled: [2, 4, 6], arrival, due },
      recipients: [{ address: 'bob@x', n: 0, doubt, last: doubted }],
      holds: [limitHold([{ address: 'bob@x', n: 0, doubt }], 1_500_000, arrival + 24 * hour)],
    };
  }

  for (const warning of ['8h', '0']) {
    test(`has its line found even after the sweep visited the hold, delay_warning_time=${warning}`, async () => {
      const services = captureServices({ maximal_queue_lifetime: '1d', delay_warning_time: warning });
      const now = services.clock.wall;
      await services.ledger.admit(makeItem({ ...key, ...heldAtLimit({ arrival: now - 9 * hour, due: now - 1 }) }));
      await sweep(300_000, services, () => true);
      const item = await services.ledger.read(key);
      assert.partialDeepStrictEqual(item, { state: 'held', attempt: warning === '0' ? 3 : 4 });
      await arriveAgain(services, 6);
      assert.deepEqual(said(services), ['bob@x 3 deferred found']);
      await arriveAgain(services, 4);
      assert.deepEqual(said(services).slice(1), ['bob@x 2 deferred found']);
    });
  }

  const later = { ...doubted, at: 1_600_000, attempt: 4 } as const;

  test('is counted in doubt by the attempt that left it so, and not by a later one that is found', async () => {
    const given = { state: 'deferred', generation: 8, attempt: 4, settled: [2, 4, 6, 8].slice(1) } as const;
    const known = await withItem({ ...given, recipients: [{ address: 'bob@x', n: 0, doubt, last: later }] });
    await arriveAgain(known, 8);
    assert.partialDeepStrictEqual(known.lines, [{ in_doubt: true, in_doubt_known: true, found: true }]);
    assert.equal(known.metrics.sum('InDoubt'), 0);
    const fresh = { address: 'bob@x', n: 0, doubt: { ...doubt, at: later.at }, last: later };
    const left = await withItem({ ...given, recipients: [fresh] });
    await arriveAgain(left, 8);
    assert.equal(left.metrics.sum('InDoubt'), 1);
  });

  test('that expired is counted in doubt at most once', async () => {
    const given = { state: 'done', generation: 8, attempt: 4, settled: [4, 6, 8] } as const;
    const last = { ...later, status: 'expired' } as const;
    const services = await withItem({
      ...given,
      recipients: [{ address: 'bob@x', n: 0, doubt: { ...doubt, at: later.at }, last }],
    });
    await arriveAgain(services, 8);
    assert.deepEqual(said(services), ['bob@x 4 deferred found', 'bob@x 4 expired found']);
    assert.equal(services.metrics.sum('InDoubt'), 1);
  });

  test('that expired at in_doubt_limit has no line of an attempt that did not include it', async () => {
    const given = { state: 'done', generation: 8, attempt: 4, settled: [4, 6, 8] } as const;
    const last = { ...later, status: 'expired' } as const;
    const services = await withItem({ ...given, recipients: [{ address: 'bob@x', n: 0, doubt, last }] });
    await arriveAgain(services, 8);
    assert.deepEqual(said(services), ['bob@x 4 expired found']);
  });
});

test('an item records in which generations its latest attempts were settled', () => {
  const services = captureServices();
  let item = makeItem({ ...key, recipients: makeRecipients('bob@x') });
  for (const generation of [1, 4, 6, 9]) {
    const verdict = { status: 'deferred', dsn: '4.2.2', text: 'full', setUp: 0, transfer: 0 } as const;
    const facts = { ...settlementRules(services), item: { ...item, generation }, verdicts: new Map([[0, verdict]]) };
    const { recipients: after, attempt = 0, settled = [] } = settle({ ...facts, begun: 0, now: 0 }).changes;
    assert.ok(attempt !== null && settled !== null);
    item = { ...item, recipients: after, attempt, settled };
  }
  assert.deepEqual([item.attempt, item.settled], [4, [4, 6, 9]]);
});

describe('an expired lease', () => {
  const lapsed = { state: 'delivering', claim: { token: 't', until: 0 }, due: 1, generation: 5, attempt: 1 } as const;

  test('has a line written for each recipient that the dead worker had recorded, once, and none when its message arrives again', async () => {
    const services = await withItem({
      ...lapsed,
      settled: [3],
      recipients: [
        { address: 'early@x', n: 0, last: makeVerdict('sent', 1) },
        { address: 'bob@x', n: 1, last: makeVerdict('sent', 2) },
        { address: 'carol@x', n: 2, last: makeVerdict('bounced', 2) },
        { address: 'dave@x', n: 3 },
      ],
    });
    await sweep(300_000, services, () => true);
    assert.deepEqual(said(services), ['bob@x 2 sent found', 'dave@x 2 deferred', 'carol@x 2 bounced found']);
    assert.deepEqual((await services.ledger.read(key))?.settled, [3, 0]);
    await arriveAgain(services, 5);
    assert.equal(services.lines.length, 3);
    await arriveAgain(services, 3);
    assert.partialDeepStrictEqual(services.lines[3], { recipient: 'early@x', attempt: 1, found: true });
  });

  test('has its lines written before the item: a sweep that dies in between leaves none out', async () => {
    const services = await withItem({ ...lapsed, recipients: makeRecipients('bob@x') });
    services.ledger.move = () => Promise.reject(new Error('dead'));
    await sweep(300_000, services, () => true);
    assert.deepEqual(said(services), ['bob@x 2 deferred']);
  });
});
