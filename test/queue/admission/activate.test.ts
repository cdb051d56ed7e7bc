import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activate } from '../../../functions/queue/admission/activate.ts';
import { activeGrace } from '../../../functions/queue/items/policy.ts';
import type { State } from '../../../functions/queue/items/states.ts';
import { captureServices } from '../../support/capturing-services.ts';
import { makeItem } from '../../support/delivery-item.ts';

const key = { id: '4bXq1', delivery: '0000' };
const wakeUp = { version: 1, ...key, generation: 3 } as const;

for (const state of ['deferred', 'queued'] as const) {
  test(`a wake-up moves a ${state} delivery to active, under a new generation`, async () => {
    const services = captureServices();
    await services.ledger.admit(makeItem({ ...key, state, generation: 3 }));
    await activate(wakeUp, services);
    const now = services.clock.wall;
    assert.partialDeepStrictEqual(await services.ledger.read(key), {
      state: 'active',
      generation: 4,
      activated: now,
      due: now + activeGrace,
    });
    assert.deepEqual(services.activated, ['4bXq1/0000 4']);
  });
}

test('a wake-up that is repeated after the table was written sends the message that may be missing', async () => {
  const services = captureServices();
  await services.ledger.admit(makeItem({ ...key, state: 'active', generation: 4 }));
  await activate(wakeUp, services);
  assert.deepEqual(services.activated, ['4bXq1/0000 4']);
});

test('a wake-up of a delivery whose message lmtp returned sends another, under the same generation', async () => {
  const services = captureServices();
  const item = makeItem({ ...key, state: 'active', generation: 3 });
  await services.ledger.admit(item);
  await activate(wakeUp, services);
  assert.deepEqual(services.activated, ['4bXq1/0000 3']);
  assert.deepEqual(await services.ledger.read(key), item);
});

const unmoved: readonly (readonly [State, number, string])[] = [
  ['deferred', 4, 'a wake-up of an earlier deferral'],
  ['deferred', 2, 'a wake-up from nowhere'],
  ['active', 5, 'a wake-up that is two generations behind'],
  ['delivering', 4, 'a wake-up of a delivery that a worker has claimed'],
  ['done', 3, 'a wake-up of a delivery that is done'],
  ['corrupt', 3, 'a wake-up of a corrupt delivery'],
];

for (const [state, generation, what] of unmoved) {
  test(`${what} changes nothing`, async () => {
    const services = captureServices();
    const item = makeItem({ ...key, state, generation });
    await services.ledger.admit(item);
    await activate(wakeUp, services);
    assert.deepEqual(await services.ledger.read(key), item);
    assert.deepEqual([services.activated, services.notes], [[], ['info: stale wake-up']]);
  });
}

test('a wake-up of a delivery that is not in the table is logged as a warning', async () => {
  const services = captureServices();
  await activate(wakeUp, services);
  assert.deepEqual(services.activated, []);
  assert.deepEqual(services.notes, ['warn: wake-up for a delivery that is not in the table']);
});

test('two wake-ups at the same time send one generation', async () => {
  const services = captureServices();
  await services.ledger.admit(makeItem({ ...key, state: 'deferred', generation: 3 }));
  await Promise.all([activate(wakeUp, services), activate(wakeUp, services)]);
  assert.deepEqual([...new Set(services.activated)], ['4bXq1/0000 4']);
  assert.equal((await services.ledger.read(key))?.generation, 4);
});

test('a deferred delivery waits behind the others if its destination has no place left', async () => {
  const services = captureServices({ qmgr_message_active_limit: '1' });
  const item = makeItem({ ...key, state: 'deferred', generation: 3 });
  await services.ledger.admit(item);
  await services.destinations.adjust(item.destination, 1);
  await activate(wakeUp, services);
  const there = await services.ledger.read(key);
  assert.deepEqual([there?.state, there?.due, there?.generation], ['queued', services.clock.wall, 3]);
  const { backlog } = await services.destinations.read(item.destination);
  assert.equal(backlog, services.clock.wall, 'the delivery that gives a place back must read the index');
  await services.destinations.vacate(item.destination, 1);
  await activate(wakeUp, services);
  assert.deepEqual([services.activated, (await services.ledger.read(key))?.state], [['4bXq1/0000 4'], 'active']);
});

test('a wake-up that loses a race takes no place', async () => {
  const services = captureServices();
  const item = makeItem({ ...key, state: 'deferred', generation: 3 });
  await services.ledger.admit(item);
  await Promise.all([activate(wakeUp, services), activate(wakeUp, services)]);
  await services.scheduler.flushPlaces(services);
  assert.equal((await services.destinations.read(item.destination)).active, 1);
});

test('a delivery with a hold is held, although it was woken', async () => {
  const services = captureServices();
  const holds = [{ id: 'h', reason: 'r', by: 'ann', since: 1, until: 9_000_000_000_000 }];
  await services.ledger.admit(makeItem({ ...key, state: 'deferred', generation: 3, holds }));
  await activate(wakeUp, services);
  const item = await services.ledger.read(key);
  assert.deepEqual([item?.state, item?.due], ['held', 9_000_000_000_000]);
});

test('it gets a slot of the current window of its destination', async () => {
  const services = captureServices({ lmtp_initial_destination_concurrency: '1' });
  for (let n = 0; n < 20; n += 1) {
    await services.ledger.admit(makeItem({ id: `m${n}`, state: 'deferred', generation: 3 }));
    await activate({ ...wakeUp, id: `m${n}` }, services);
  }
  assert.deepEqual(new Set(services.ledger.items.map(({ group }) => group.split('#')[1])), new Set(['0']));
});
