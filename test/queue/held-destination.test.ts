/** A held destination, from the first message that waits for it to the last that is released. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { holdDestination, reopenDestination, unholdDestination } from '../../functions/operator/destination-change.ts';
import { activate } from '../../functions/queue/admission/activate.ts';
import { admitItem } from '../../functions/queue/admission/admit-item.ts';
import { releaseDestination } from '../../functions/queue/destinations/release-held.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import { sweepInterval } from '../../functions/queue/items/policy.ts';
import { sweep } from '../../functions/queue/sweep/sweep.ts';
import { type CapturingServices, captureServices } from '../support/capturing-services.ts';
import { makeItem } from '../support/delivery-item.ts';

const destination = 'inet:mail.test:24';
const order = { by: 'arn:aws:iam::1:user/ann', why: 'the store is being moved' };

async function heldServices(given: { readonly until?: number } = {}): Promise<CapturingServices> {
  const services = captureServices();
  await holdDestination(destination, { ...order, hold: 'move', ...given }, services);
  return services;
}

function makeMany(count: number, given: Partial<DeliveryItem> = {}): readonly DeliveryItem[] {
  return Array.from({ length: count }, (_, n) => makeItem({ id: `m${n}`, destination, ...given }));
}

function statesOf({ ledger }: CapturingServices): ReadonlySet<string> {
  return new Set(ledger.items.map(({ state }) => state));
}

function sweepOnce(services: CapturingServices) {
  return sweep(sweepInterval, services, () => true);
}

describe('while a destination is held', () => {
  test('new mail for it is held with it, and takes no place', async () => {
    const services = await heldServices();
    for (const item of makeMany(3)) await admitItem(item, services);
    assert.deepEqual(statesOf(services), new Set(['held']));
    assert.ok(services.ledger.items.every(({ due, holds }) => due === undefined && holds === undefined));
    assert.equal((await services.destinations.read(destination)).active, 0);
  });

  test('due mail is held instead of tried', async () => {
    const services = await heldServices();
    const [item] = makeMany(1, { state: 'deferred', generation: 4 });
    assert.ok(item !== undefined);
    await services.ledger.admit(item);
    await activate({ version: 1, id: item.id, delivery: item.delivery, generation: 4 }, services);
    assert.deepEqual([...statesOf(services), services.activated], ['held', []]);
  });

  test('other destinations are not', async () => {
    const services = await heldServices();
    await admitItem(makeItem({ destination: `${destination}0` }), services);
    assert.deepEqual(statesOf(services), new Set(['active']));
  });
});

describe('when the last hold on a destination is released', () => {
  test('its mail is released over the given time, and messages with their own hold stay', async () => {
    const services = await heldServices();
    let draws = 0;
    const spreading = { ...services, random: () => (draws++ % 128) / 128 };
    for (const item of makeMany(128)) await admitItem(item, services);
    await services.ledger.admit(
      makeItem({ id: 'own', destination, state: 'held', holds: [{ id: 'h', reason: 'r', by: 'b', since: 1 }] }),
    );
    const carried = await unholdDestination(destination, { ...order, spread: 128_000 }, spreading);
    assert.equal(carried.kind, 'changed');
    const report = await releaseDestination(carried.record, spreading, () => true);
    assert.deepEqual(report, { released: 128, isComplete: true });
    const now = services.clock.wall;
    const waits = services.ledger.items.filter(({ state }) => state === 'queued').map(({ due = 0 }) => due - now);
    assert.deepEqual(new Set(waits), new Set(Array.from({ length: 128 }, (_, n) => n * 1000)));
    assert.equal((await services.ledger.read({ id: 'own', delivery: '0000' }))?.state, 'held');
  });

  test('the sweep releases the rest', async () => {
    const services = await heldServices();
    for (const item of makeMany(5)) await admitItem(item, services);
    await unholdDestination(destination, order, services);
    assert.equal((await sweepOnce(services)).released, 5);
    assert.deepEqual(statesOf(services), new Set(['queued']));
  });

  test('the sweep also finds mail held by a container that had not read the release, and only then forgets it', async () => {
    const services = await heldServices();
    await unholdDestination(destination, order, services);
    await sweepOnce(services);
    const [late] = makeMany(1, { state: 'held' });
    assert.ok(late !== undefined);
    const { due: _, ...item } = late;
    await services.ledger.admit(item);
    services.clock.advance(sweepInterval);
    assert.equal((await sweepOnce(services)).released, 1);
    services.clock.advance(sweepInterval);
    await sweepOnce(services);
    const { release, due } = await services.destinations.read(destination);
    assert.deepEqual([release, due], [undefined, undefined]);
  });

  test('a sweep without time for all leaves the rest to the next', async () => {
    const services = await heldServices();
    for (const item of makeMany(20)) await admitItem(item, services);
    await unholdDestination(destination, order, services);
    let asked = 0;
    await sweep(sweepInterval, services, () => {
      asked += 1;
      return asked < 8;
    });
    const left = services.ledger.items.filter(({ state }) => state === 'held').length;
    assert.ok(left > 0 && left < 20, `${left} left`);
    await sweepOnce(services);
    assert.deepEqual(statesOf(services), new Set(['queued']));
  });
});

describe('several holds on a destination', () => {
  test('stay until the last is released', async () => {
    const services = await heldServices();
    await holdDestination(destination, { ...order, hold: 'other' }, services);
    await unholdDestination(destination, { ...order, hold: 'move' }, services);
    const { holds, release } = await services.destinations.read(destination);
    assert.deepEqual([holds.map(({ id }) => id), release], [['other'], undefined]);
    await unholdDestination(destination, order, services);
    assert.deepEqual((await services.destinations.read(destination)).holds, []);
  });

  test('expire one after another, and then its mail is released', async () => {
    const services = await heldServices();
    const { wall } = services.clock;
    await holdDestination(destination, { ...order, hold: 'move', until: wall + 60_000 }, services);
    await holdDestination(destination, { ...order, hold: 'other', until: wall + 600_000 }, services);
    await admitItem(makeItem({ destination }), services);
    services.clock.advance(61_000);
    await sweepOnce(services);
    assert.deepEqual(
      (await services.destinations.read(destination)).holds.map(({ id }) => id),
      ['other'],
    );
    assert.deepEqual(statesOf(services), new Set(['held']));
    services.clock.advance(600_000);
    await sweepOnce(services);
    assert.deepEqual(statesOf(services), new Set(['queued']));
  });

  test('a new one stops the release', async () => {
    const services = await heldServices();
    await unholdDestination(destination, order, services);
    await holdDestination(destination, { ...order, hold: 'again' }, services);
    const { release, due } = await services.destinations.read(destination);
    assert.deepEqual([release, due], [undefined, undefined]);
  });
});

describe('changes to a destination', () => {
  test('are recorded, with author and reason', async () => {
    const services = await heldServices();
    await unholdDestination(destination, order, services);
    assert.deepEqual(
      (await services.destinations.read(destination)).history.map(({ by, what, why }) => [by, what, why]),
      [
        [order.by, 'held (move)', order.why],
        [order.by, 'released', order.why],
      ],
    );
  });

  test('are refused with the reason', async () => {
    const services = captureServices();
    const why = async (carried: ReturnType<typeof unholdDestination>) => {
      const answer = await carried;
      return answer.kind === 'refused' ? answer.why : undefined;
    };
    assert.equal(await why(unholdDestination(destination, order, services)), 'it is not held');
    await holdDestination(destination, { ...order, hold: 'a' }, services);
    assert.equal(await why(unholdDestination(destination, { ...order, hold: 'b' }, services)), 'it has no hold "b"');
    assert.equal(await why(reopenDestination(destination, order, services)), 'it is not suspended');
  });

  test('change nothing in a dry run', async () => {
    const services = captureServices();
    const carried = await holdDestination(destination, { ...order, hold: 'a', whatIf: true }, services);
    assert.equal(carried.kind, 'changed');
    assert.equal((await services.destinations.read(destination)).revision, 0);
    assert.deepEqual(services.notes, []);
  });

  test('can clear the suspension of a destination', async () => {
    const services = captureServices();
    const suspension = { since: 1, until: 2, why: 'x', dsn: '4.4.1' as const, failures: 3 };
    await services.destinations.write({ ...(await services.destinations.read(destination)), suspension });
    assert.equal((await reopenDestination(destination, order, services)).kind, 'changed');
    assert.equal((await services.destinations.read(destination)).suspension, undefined);
  });
});
