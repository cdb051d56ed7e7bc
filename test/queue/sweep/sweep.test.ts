import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryItem } from '../../../functions/queue/items/item.ts';
import { activeGrace, sweepInterval } from '../../../functions/queue/items/policy.ts';
import { sweep } from '../../../functions/queue/sweep/sweep.ts';
import { type CapturingServices, captureServices } from '../../support/capturing-services.ts';
import { makeEvent, makeItem, makeRecipients, makeVerdict } from '../../support/delivery-item.ts';

const key = { id: '4bXq1', delivery: '0000' };

/** Services with one item, which is due so many milliseconds from now. */
async function withItem(given: Partial<DeliveryItem>, inMilliseconds: number): Promise<CapturingServices> {
  const services = captureServices();
  await services.ledger.admit(makeItem({ ...key, ...given, due: services.clock.wall + inMilliseconds }));
  return services;
}

function sweepOnce(services: CapturingServices) {
  return sweep(sweepInterval, services, () => true);
}

const nothing = { woken: 0, resent: 0, lapsed: 0, published: 0, released: 0, dropped: 0 };

for (const state of ['deferred', 'queued'] as const) {
  test(`a ${state} delivery that falls due before the next sweep gets its wake-up, to arrive in time`, async () => {
    const services = await withItem({ state, generation: 3 }, 299_000);
    assert.deepEqual(await sweepOnce(services), { ...nothing, woken: 1 });
    assert.deepEqual(services.woken, [['4bXq1/0000 3', 299_000]]);
  });

  test(`a ${state} delivery that is due gets its wake-up at once`, async () => {
    const services = await withItem({ state, generation: 3 }, -86_400_000);
    await sweepOnce(services);
    assert.deepEqual(services.woken, [['4bXq1/0000 3', 0]]);
  });

  test(`a ${state} delivery that falls due after the next sweep is left to that one`, async () => {
    const services = await withItem({ state }, sweepInterval + 1);
    assert.deepEqual(await sweepOnce(services), nothing);
  });
}

test('a delivery that is in active for too long is sent again, under the same generation and another name', async () => {
  const services = await withItem({ state: 'active', generation: 3 }, -1);
  const { wall } = services.clock;
  assert.deepEqual(await sweepOnce(services), { ...nothing, resent: 1 });
  assert.deepEqual(services.activated, [`4bXq1/0000 3 ${wall - 1}`]);
  assert.partialDeepStrictEqual(await services.ledger.read(key), { generation: 3, due: wall + activeGrace });
  assert.deepEqual(await sweepOnce(services), nothing);
});

test('a delivery that is not yet overdue in active is left alone', async () => {
  assert.deepEqual(await sweepOnce(await withItem({ state: 'active' }, 1)), nothing);
});

test('a worker with a valid lease is left alone', async () => {
  const services = await withItem({ state: 'delivering', claim: { token: 't', until: 0 } }, 1);
  assert.deepEqual(await sweepOnce(services), nothing);
});

test('an expired lease reports all recipients without a verdict in doubt, and waits for the next attempt', async () => {
  const sent = { address: 'carol@x', n: 1, last: makeVerdict('sent', 1) };
  const recipients = [...makeRecipients('bob@x'), sent];
  const services = await withItem({ state: 'delivering', claim: { token: 't', until: 0 }, recipients }, -1);
  assert.deepEqual(await sweepOnce(services), { ...nothing, lapsed: 1 });
  const item = await services.ledger.read(key);
  assert.ok(item !== undefined);
  assert.deepEqual([item.state, item.attempt, item.claim], ['deferred', 1, undefined]);
  assert.partialDeepStrictEqual(item.recipients, [
    { last: { status: 'deferred', dsn: '4.4.2', inDoubt: true } },
    { last: { status: 'sent', text: 'said the server' } },
  ]);
  assert.deepEqual(
    services.lines.map(({ recipient, status, in_doubt }) => [recipient, status, in_doubt]),
    [
      ['bob@x', 'deferred', true],
      // Recorded by the dead worker, and logged now in its place.
      ['carol@x', 'sent', undefined],
    ],
  );
  assert.ok(services.notes.includes('error: lease ran out: the message may be delivered more than once'));
});

test('a recipient in doubt is reported before that is recorded, in case the sweep dies in between', async () => {
  const services = await withItem({ state: 'delivering', claim: { token: 't', until: 0 } }, -1);
  const { ledger } = services;
  const move = ledger.move.bind(ledger);
  ledger.move = async (...args) => {
    await move(...args);
    throw new Error('the answer is lost');
  };
  await sweepOnce(services);
  assert.equal((await ledger.read(key))?.state, 'deferred');
  assert.ok(services.notes.includes('error: lease ran out: the message may be delivered more than once'));
});

test('an expired lease does not affect what earlier attempts settled', async () => {
  const before = { address: 'carol@x', n: 1, last: makeVerdict('sent', 1) };
  const recipients = [...makeRecipients('bob@x'), before];
  const services = await withItem({ state: 'delivering', attempt: 1, recipients }, -1);
  await sweepOnce(services);
  assert.deepEqual(
    services.lines.map(({ recipient }) => recipient),
    ['bob@x'],
  );
  assert.deepEqual((await services.ledger.read(key))?.recipients[1], before);
});

test('a lease that expires after the last reply was recorded ends the delivery: no recipient is in doubt', async () => {
  const recipients = [{ address: 'bob@x', n: 0, last: makeVerdict('sent', 1) }];
  const services = await withItem({ state: 'delivering', claim: { token: 't', until: 0 }, recipients }, -1);
  await sweepOnce(services);
  const item = await services.ledger.read(key);
  assert.deepEqual([item?.state, item?.claim, item?.due], ['done', undefined, undefined]);
  assert.partialDeepStrictEqual(services.lines, [{ recipient: 'bob@x', status: 'sent' }]);
  assert.ok(!('in_doubt' in (services.lines[0] ?? {})));
});

test('a message that is too old when its worker dies is tried once more: no recipient bounces for an outcome that is unknown', async () => {
  const services = await withItem({ state: 'delivering', arrival: 0 }, -1);
  await sweepOnce(services);
  assert.equal((await services.ledger.read(key))?.state, 'deferred');
  assert.deepEqual(services.published, []);
});

test('a message whose warning is due when its worker dies is retried, and the warning says when it expires', async () => {
  const services = captureServices({ delay_warning_time: '4h', maximal_queue_lifetime: '5d' });
  const arrival = services.clock.wall - 6 * 3_600_000;
  await services.ledger.admit(makeItem({ ...key, state: 'delivering', arrival, due: services.clock.wall - 1 }));
  assert.deepEqual(await sweepOnce(services), { ...nothing, lapsed: 1 });
  assert.equal((await services.ledger.read(key))?.state, 'deferred');
  const expirationTime = new Date(arrival + 5 * 86_400_000).toISOString();
  assert.partialDeepStrictEqual(services.published, [
    { eventType: 'DeliveryDelay', deliveryDelay: { expirationTime } },
  ]);
});

test('places that a running batch gives back at its end are not counted as lost', async () => {
  const services = await withItem({ state: 'queued' }, -1);
  const { destination } = makeItem();
  for (let n = 0; n < 6; n += 1) await services.ledger.admit(makeItem({ due: services.clock.wall + 1000 }));
  await services.destinations.occupy(destination, 10, 1000);
  await sweepOnce(services);
  assert.equal((await services.destinations.read(destination)).active, 10);
});

test('places that will not be given back any more are found', async () => {
  const services = await withItem({ state: 'queued' }, -1);
  const { destination } = makeItem();
  for (let n = 0; n < 4; n += 1) await services.ledger.admit(makeItem({ due: services.clock.wall + 1000 }));
  await services.destinations.occupy(destination, 10, 1000);
  await sweepOnce(services);
  assert.equal((await services.destinations.read(destination)).active, 4);
});

test('unpublished events are published late, once, and then the delivery is not due any more', async () => {
  const services = await withItem({ state: 'done', pending: { e1: makeEvent('e1') } }, -1);
  assert.deepEqual(await sweepOnce(services), { ...nothing, published: 1 });
  assert.deepEqual(services.published, [makeEvent('e1')]);
  assert.deepEqual(await sweepOnce(services), nothing);
});

test('events that were decided a moment ago are left to the worker', async () => {
  const services = await withItem({ state: 'done', pending: { e1: makeEvent('e1') } }, 30_000);
  assert.deepEqual(await sweepOnce(services), nothing);
});

test('one delivery that fails does not delay the others', async () => {
  const services = captureServices();
  const due = services.clock.wall;
  for (const id of ['one', 'two', 'three']) await services.ledger.admit(makeItem({ id, state: 'deferred', due }));
  const { wakeUps } = services;
  const wake: typeof wakeUps.wake = (wakeUp, delay) =>
    wakeUp.id === 'two' ? Promise.reject(new Error('throttled')) : wakeUps.wake(wakeUp, delay);
  const report = await sweep(sweepInterval, { ...services, wakeUps: { ...wakeUps, wake } }, () => true);
  assert.deepEqual(report, { ...nothing, woken: 2 });
  assert.deepEqual(services.notes, ['error: sweep failed for an item']);
});

test('a sweep that runs out of time stops; the next one goes on', async () => {
  const services = captureServices();
  const due = services.clock.wall;
  for (const id of ['one', 'two', 'three']) await services.ledger.admit(makeItem({ id, state: 'deferred', due }));
  let asked = 0;
  const mayGoOn = () => {
    asked += 1;
    return asked <= 2;
  };
  assert.equal((await sweep(sweepInterval, services, mayGoOn)).woken, 2);
});

test('a delivery that changes between the read and the write is left alone', async () => {
  const services = await withItem({ state: 'delivering', claim: { token: 't', until: 0 } }, -1);
  const { ledger } = services;
  const item = await ledger.read(key);
  assert.ok(item !== undefined);
  const found = await Array.fromAsync(ledger.findDue(Number.POSITIVE_INFINITY));
  await ledger.move('finish', item, { due: null, claim: null });
  ledger.findDue = async function* () {
    yield* found;
  };
  assert.deepEqual(await sweepOnce(services), nothing);
  assert.equal((await ledger.read(key))?.state, 'done');
});

test('unpublished events are also published late while their delivery waits, which is then due as before', async () => {
  const services = captureServices();
  const { wall } = services.clock;
  const attempt = wall + 3_000_000;
  const given = {
    state: 'deferred',
    due: wall - 1,
    unpublished: { due: attempt },
    pending: { e1: makeEvent('e1') },
  } as const;
  await services.ledger.admit(makeItem({ ...key, ...given }));
  assert.deepEqual(await sweepOnce(services), { ...nothing, published: 1 });
  assert.deepEqual(services.published, [makeEvent('e1')]);
  const item = await services.ledger.read(key);
  assert.deepEqual([item?.state, item?.due, item?.unpublished, item?.pending], ['deferred', attempt, undefined, {}]);
  assert.deepEqual(services.woken, [], 'its next attempt is far away');
  assert.deepEqual(await sweepOnce(services), nothing);
});

test('a delivery whose events and whose attempt are both overdue gets both', async () => {
  const services = captureServices();
  const { wall } = services.clock;
  const given = { state: 'deferred', due: wall - 5, unpublished: { due: wall - 5 }, generation: 3 } as const;
  await services.ledger.admit(makeItem({ ...key, ...given, pending: { e1: makeEvent('e1') } }));
  await sweepOnce(services);
  assert.deepEqual([services.published.length, services.woken], [1, [['4bXq1/0000 3', 0]]]);
});

test('events that cannot be published now stay pending, and do not delay others', async () => {
  const services = captureServices();
  const { wall } = services.clock;
  const given = {
    state: 'deferred',
    due: wall - 1,
    unpublished: { due: wall + 1 },
    pending: { e1: makeEvent('e1') },
  } as const;
  await services.ledger.admit(makeItem({ ...key, ...given }));
  services.events.publish = () => Promise.reject(new Error('SNS is down'));
  await sweepOnce(services);
  assert.deepEqual((await services.ledger.read(key))?.pending, { e1: makeEvent('e1') });
  assert.deepEqual(services.notes, ['error: sweep failed for an item']);
});

test('events of held mail are published late too, and then it is not due any more', async () => {
  const given = { state: 'held', unpublished: {}, pending: { e1: makeEvent('e1') } } as const;
  const services = await withItem(given, -1);
  assert.deepEqual(await sweepOnce(services), { ...nothing, published: 1 });
  const item = await services.ledger.read(key);
  assert.deepEqual([item?.state, item?.due, item?.pending], ['held', undefined, {}]);
});

test('held mail whose last hold has ended is released; with another hold it stays', async () => {
  const ended = { id: 'a', reason: 'r', by: 'ann', since: 1, until: 1000 };
  const services = await withItem({ state: 'held', holds: [ended] }, -1);
  assert.deepEqual(await sweepOnce(services), { ...nothing, released: 1 });
  assert.partialDeepStrictEqual(await services.ledger.read(key), { state: 'queued', due: services.clock.wall });

  const others = await withItem({ state: 'held', holds: [ended, { ...ended, id: 'b', until: 9_000_000_000_000 }] }, -1);
  assert.deepEqual(await sweepOnce(others), nothing);
  const item = await others.ledger.read(key);
  assert.deepEqual([item?.state, item?.due, item?.holds?.length], ['held', 9_000_000_000_000, 1]);
});

test('an expired lease applies what was requested meanwhile: a hold, or a removal', async () => {
  const claim = { token: 't', until: 0 };
  const holds = [{ id: 'h', reason: 'r', by: 'ann', since: 1 }];
  const held = await withItem({ state: 'delivering', claim, holds }, -1);
  await sweepOnce(held);
  assert.equal((await held.ledger.read(key))?.state, 'held');

  const removal = { by: 'ann', why: 'w', at: 1, bounces: false };
  const removed = await withItem({ state: 'delivering', claim, removal }, -1);
  await sweepOnce(removed);
  assert.partialDeepStrictEqual(await removed.ledger.read(key), {
    state: 'done',
    recipients: [{ last: { status: 'removed', inDoubt: true } }],
  });
  assert.ok(removed.notes.includes('error: lease ran out: the message may be delivered more than once'));
});

test('a recipient in doubt after an expired lease is held with in_doubt_action=hold', async () => {
  const services = captureServices({ in_doubt_action: 'hold' });
  const due = services.clock.wall - 1;
  await services.ledger.admit(makeItem({ ...key, state: 'delivering', claim: { token: 't', until: 0 }, due }));
  await sweepOnce(services);
  assert.partialDeepStrictEqual(await services.ledger.read(key), { state: 'held', holds: [{ id: 'in-doubt' }] });
});

test('a delivery that waits for a place is woken when there is one, and left alone otherwise', async () => {
  const services = captureServices({ qmgr_message_active_limit: '2' });
  const { wall } = services.clock;
  const destination = 'inet:mail.test:24';
  for (const id of ['a', 'b']) await services.ledger.admit(makeItem({ id, destination, due: wall + 1_000_000 }));
  await services.destinations.adjust(destination, 2);
  await services.ledger.admit(makeItem({ ...key, destination, state: 'queued', due: wall - 1 }));
  assert.deepEqual(await sweepOnce(services), nothing);
  assert.deepEqual(services.woken, []);
  await services.ledger.move('finishUnclaimed', makeItem({ id: 'a', destination }), { due: null });
  await services.destinations.vacate(destination, 1);
  assert.deepEqual(await sweepOnce(services), { ...nothing, woken: 1 });
});
