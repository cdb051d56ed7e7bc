/** Operator commands on destinations. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { holdDestination, releaseDestination, reopenDestinations } from '../../functions/operator/destinations.ts';
import { activate } from '../../functions/queue/admission/activate.ts';
import { emptyRecord, type Suspension } from '../../functions/queue/items/destination-record.ts';
import { releaseHeadStart } from '../../functions/queue/items/policy.ts';
import { sweep } from '../../functions/queue/sweep/sweep.ts';
import { type CapturingOperatorServices, operatorServices, putItems } from '../support/operator-services.ts';

const order = { by: 'local/ann', why: 'disk full' };
const name = 'inet:[127.0.0.1]:24';

async function suspend(services: CapturingOperatorServices, ...names: readonly string[]): Promise<void> {
  const { wall } = services.clock;
  const suspension: Suspension = { since: wall, until: wall + 300_000, why: 'refused', dsn: '4.4.1', failures: 5 };
  for (const one of names) await services.destinations.write({ ...emptyRecord(one), suspension });
}

describe('a held destination', () => {
  test('holds each delivery at its next attempt, until its last hold is released', async () => {
    const services = operatorServices();
    const changing = { order, services };
    await holdDestination(name, { hold: 'disk' }, changing);
    await holdDestination(name, { hold: 'audit' }, { ...changing, order: { by: 'local/bea', why: 'audit' } });
    await putItems(services, { id: 'a', state: 'deferred' }, { id: 'b', state: 'queued' });
    for (const id of ['a', 'b']) await activate({ version: 1, id, delivery: '0000', generation: 1 }, services);
    assert.deepEqual(
      services.ledger.items.map(({ state }) => state),
      ['held', 'held'],
    );

    const first = await releaseDestination(name, { hold: 'disk', ramp: 0 }, changing);
    assert.deepEqual(first, {
      change: {
        kind: 'changed',
        id: name,
        text: 'released (disk), but it is still held (audit) by local/bea: audit; nothing will be tried',
      },
      released: 0,
    });
    assert.deepEqual(
      services.ledger.items.map(({ state }) => state),
      ['held', 'held'],
    );

    const told: number[] = [];
    const last = await releaseDestination(name, { ramp: 0 }, changing, {
      onProgress: (released) => told.push(released),
    });
    assert.deepEqual(last, {
      change: { kind: 'changed', id: name, text: 'released; its mail will be tried again', isTried: true },
      released: 2,
    });
    assert.deepEqual(told, [1, 2]);
    assert.deepEqual(
      services.ledger.items.map(({ state }) => state),
      ['queued', 'queued'],
    );
    assert.equal(services.woken.length, 2);
    const { history } = await services.destinations.read(name);
    assert.deepEqual(
      history.map(({ what, by, why }) => `${what} ${by} ${why}`),
      [
        'held (disk) local/ann disk full',
        'held (audit) local/bea audit',
        'released (disk) local/ann disk full',
        'released local/ann disk full',
      ],
    );
  });

  test('is released over a ramp; a message with its own hold stays held', async () => {
    const services = operatorServices({}, 0.25);
    const hold = { id: 'own', reason: 'r', by: 'b', since: 0 };
    await putItems(services, { id: 'a', state: 'held' }, { id: 'b', state: 'held', holds: [hold] });
    await holdDestination(name, { hold: 'disk' }, { order, services });
    const { released } = await releaseDestination(name, { ramp: 400_000 }, { order, services });
    assert.equal(released, 1);
    assert.deepEqual(
      services.ledger.items.map(({ id, state, due }) => [id, state, due]),
      [
        ['a', 'queued', services.clock.wall + 100_000],
        ['b', 'held', undefined],
      ],
    );
  });

  test('whose release is interrupted is released by the sweep', async () => {
    const services = operatorServices();
    await holdDestination(name, { hold: 'disk' }, { order, services });
    await putItems(services, { id: 'a', state: 'held' });
    const broken = {
      ...services,
      queries: { ...services.queries, list: () => Promise.reject(new Error('throttled')) },
    };
    await assert.rejects(releaseDestination(name, { ramp: 0 }, { order, services: broken }), /throttled/);
    services.clock.advance(releaseHeadStart);
    await sweep(300_000, services, () => true);
    assert.equal(services.ledger.items[0]?.state, 'queued');
  });

  test('is released by the operator alone, and counted once, even if the sweep runs at the same moment', async () => {
    const services = operatorServices();
    await holdDestination(name, { hold: 'disk' }, { order, services });
    await putItems(services, { id: 'a', state: 'held' }, { id: 'b', state: 'held' });
    const { queries } = services;
    const list: typeof queries.list = async (filter, from) => {
      await sweep(300_000, { ...services, queries }, () => true);
      return await queries.list(filter, from);
    };
    const racing = { ...services, queries: Object.assign(Object.create(queries), { list }) };
    const { released } = await releaseDestination(name, { ramp: 0 }, { order, services: racing });
    assert.equal(released, 2);
  });

  test('is released together with deliveries that a function holds some seconds later, because it has not read the release yet', async () => {
    const services = operatorServices();
    const { scheduler, destinations, clock } = services;
    await holdDestination(name, { hold: 'disk' }, { order, services });
    await putItems(services, { id: 'a', state: 'queued' }, { id: 'b', state: 'queued' });
    // It reads the destination just before the release.
    assert.equal(await scheduler.place({ destination: name, state: 'queued' }, services), 'held');
    const waits: number[] = [];
    const { released } = await releaseDestination(
      name,
      { ramp: 0 },
      { order, services },
      {
        pause: async (milliseconds) => {
          waits.push(milliseconds);
          clock.advance(2000);
          await activate({ version: 1, id: 'a', delivery: '0000', generation: 1 }, services);
          assert.equal((await services.ledger.read({ id: 'a', delivery: '0000' }))?.state, 'held');
          clock.advance(milliseconds - 2000);
        },
      },
    );
    assert.deepEqual([released, waits], [1, [5000]]);
    await activate({ version: 1, id: 'b', delivery: '0000', generation: 1 }, services);
    assert.equal(
      (await services.ledger.read({ id: 'b', delivery: '0000' }))?.state,
      'active',
      'now it has read the release',
    );
    assert.deepEqual((await destinations.read(name)).holds, []);
  });

  test('releases messages whose own hold has ended, and messages that change at the same moment', async () => {
    const services = operatorServices();
    const { ledger, clock } = services;
    const ended = { id: 'own', reason: 'r', by: 'b', since: 0, until: clock.wall - 1 };
    await putItems(services, { id: 'a', state: 'held', holds: [ended] }, { id: 'b', state: 'held' });
    await holdDestination(name, { hold: 'disk' }, { order, services });
    const move = ledger.move.bind(ledger);
    let isChanged = false;
    ledger.move = async (transition, seen, changes) => {
      if (seen.id === 'b' && !isChanged) {
        isChanged = true;
        await move('amend', seen, { history: [] });
      }
      return await move(transition, seen, changes);
    };
    assert.equal((await releaseDestination(name, { ramp: 0 }, { order, services })).released, 2);
  });

  test('must have a hold to be released; a dry run changes nothing', async () => {
    const services = operatorServices();
    const { change } = await releaseDestination(name, { ramp: 0 }, { order, services });
    assert.deepEqual(change, { kind: 'refused', id: name, text: 'it is not held' });
    const trial = { order: { ...order, whatIf: true }, services };
    assert.equal(
      (await holdDestination(name, { hold: 'x' }, trial)).text,
      'would be held (x); its mail would not be tried until it is released',
    );
    assert.deepEqual(services.ledger.destinations.records, []);
  });
});

test('suspensions are cleared: of all destinations, or of one with its mailboxes', async () => {
  const services = operatorServices();
  const other = 'inet:other.example:24';
  await suspend(services, name, `bob@x@${name}`, other);
  await services.destinations.write(emptyRecord('inet:open.example:24'));
  const one = await Array.fromAsync(reopenDestinations(name, { order, services }));
  assert.deepEqual(
    one.map(({ id, kind, text }) => `${id} ${kind}: ${text}`),
    [
      `${name} changed: suspension cleared; the next delivery will be attempted`,
      `bob@x@${name} changed: suspension cleared; the next delivery will be attempted`,
    ],
  );
  const suspended = services.ledger.destinations.records.filter(({ suspension }) => suspension !== undefined);
  assert.deepEqual(
    suspended.map((record) => record.name),
    [other],
  );
  assert.equal((await Array.fromAsync(reopenDestinations(undefined, { order, services }))).length, 1);
  assert.deepEqual(await Array.fromAsync(reopenDestinations(undefined, { order, services })), []);
});
