import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activate } from '../../functions/queue/activate.ts';
import { activeGrace } from '../../functions/queue/policy.ts';
import type { State } from '../../functions/queue/states.ts';
import { captureServices } from '../support/capturing-services.ts';
import { makeItem } from '../support/delivery-item.ts';

const key = { id: '4bXq1', delivery: '0000' };
const wakeUp = { version: 1, ...key, generation: 3 } as const;

for (const state of ['deferred', 'queued'] as const) {
  test(`a wake-up takes a ${state} delivery to active, under a new generation`, async () => {
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

test('a wake-up that comes again after the table was written sends what may not have been sent', async () => {
  const services = captureServices();
  await services.ledger.admit(makeItem({ ...key, state: 'active', generation: 4 }));
  await activate(wakeUp, services);
  assert.deepEqual(services.activated, ['4bXq1/0000 4']);
});

const unmoved: readonly (readonly [State, number, string])[] = [
  ['deferred', 4, 'a wake-up of an earlier deferral'],
  ['deferred', 2, 'a wake-up from nowhere'],
  ['active', 3, 'a wake-up that came before its delivery was deferred'],
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

test('a wake-up of a delivery that is not in the table is worth a warning', async () => {
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
