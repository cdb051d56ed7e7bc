/** Answers to an operator: what will be tried, or why nothing will be, and what to do about it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { holdDestination, releaseDestination } from '../../functions/operator/destinations.ts';
import { flush } from '../../functions/operator/flush.ts';
import { holdMessages, releaseMessages } from '../../functions/operator/messages.ts';
import type { Change } from '../../functions/operator/operator.ts';
import type { Selection } from '../../functions/operator/selection.ts';
import { waitingForTime } from '../../functions/operator/selection.ts';
import { emptyRecord } from '../../functions/queue/items/destination-record.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import type { State } from '../../functions/queue/items/states.ts';
import { operatorServices, putItems } from '../support/operator-services.ts';

const order = { by: 'local/ann', why: 'disk full' };
const destination = 'inet:[127.0.0.1]:24';
const other = 'inet:other.example:24';
const hour = 3_600_000;

/** A queue whose destination is held. */
async function withHeldDestination(...items: readonly (Partial<DeliveryItem> & { readonly state: State })[]) {
  const services = operatorServices();
  const changing = { order, services };
  await holdDestination(destination, { hold: 'disk' }, changing);
  await putItems(services, ...items);
  return { services, changing };
}

function told({ id, kind, text, next = [] }: Change): readonly string[] {
  return [`${id} ${kind}: ${text}`, ...next.map((args) => args.join(' '))];
}

const heldWords = 'held (disk) by local/ann: disk full; nothing will be tried. Release the destination first';
const release = `release --destination ${destination}`;

describe('a flush while the destination is held says that nothing will be tried, and what to do', () => {
  test('for the destination: one answer, and nothing is written', async () => {
    const { services, changing } = await withHeldDestination({ id: 'a', state: 'deferred', due: Date.now() * 2 });
    const before = services.ledger.items;
    const selection = waitingForTime({ kind: 'filter', filter: { destination } }, services);
    const changes = await Array.fromAsync(flush({ selection, ramp: 0, reopens: { destination } }, changing));
    assert.deepEqual(changes.map(told), [[`${destination} refused: it is ${heldWords}`, release]]);
    assert.deepEqual(services.ledger.items, before);
  });

  test('for a message that would only be held at its next attempt', async () => {
    const { services, changing } = await withHeldDestination(
      { id: 'a', state: 'deferred' },
      { id: 'b', state: 'held' },
    );
    const selection: Selection = { kind: 'ids', ids: ['a', 'b'] };
    const changes = await Array.fromAsync(flush({ selection, ramp: 0, reopens: 'none' }, changing));
    const words = `refused: its destination ${destination} is ${heldWords}`;
    assert.deepEqual(changes.map(told), [
      [`a ${words}`, release],
      [`b ${words}`, release],
    ]);
    assert.deepEqual(services.woken, []);
  });

  test('for everything: one line for the destination, and all other mail is tried', async () => {
    const { services, changing } = await withHeldDestination(
      { id: 'a', state: 'deferred', due: Date.now() * 2 },
      { id: 'b', state: 'deferred', due: Date.now() * 2 },
      { id: 'c', state: 'deferred', due: Date.now() * 2, destination: other },
    );
    const selection = waitingForTime({ kind: 'filter', filter: {} }, services);
    const changes = await Array.fromAsync(flush({ selection, ramp: 0, reopens: 'all' }, changing));
    assert.deepEqual(changes.map(told).toSorted(), [
      ['c changed: will be tried now'],
      [`${destination} passed over: it is ${heldWords}`, release],
    ]);
  });
});

test('a flush of a held message names the hold, its author and its reason, and the command that releases it', async () => {
  const services = operatorServices();
  const hold = { id: 'inc', reason: 'INC-1', by: 'local/bea', since: 0 };
  await putItems(services, { id: 'a', state: 'held', holds: [hold] });
  const wish = { selection: { kind: 'ids', ids: ['a'] }, ramp: 0, reopens: 'none' } as const;
  const changes = await Array.fromAsync(flush(wish, { order, services }));
  assert.deepEqual(changes.map(told), [
    ['a refused: it is held (inc) by local/bea: INC-1; nothing will be tried. Release it first', 'release a'],
  ]);
});

describe('a release', () => {
  test('of a message whose destination is held says that nothing will be tried yet', async () => {
    const hold = { id: 'inc', reason: 'INC-1', by: 'local/bea', since: 0 };
    const { changing } = await withHeldDestination(
      { id: 'a', state: 'held', holds: [hold] },
      { id: 'b', state: 'held' },
    );
    const changes = await Array.fromAsync(releaseMessages({ kind: 'ids', ids: ['a', 'b'] }, { ramp: 0 }, changing));
    assert.deepEqual(changes.map(told), [
      [
        'a changed: released, but its destination is held (disk) by local/ann: disk full; nothing will be tried',
        release,
      ],
      [`b refused: its destination ${destination} is ${heldWords}`, release],
    ]);
    assert.ok(changes.every(({ isTried }) => isTried === undefined));
  });

  test('of a destination with another hold left says so, and no mail is tried', async () => {
    const { changing } = await withHeldDestination({ id: 'a', state: 'held' });
    await holdDestination(destination, { hold: 'move' }, changing);
    const { change, released } = await releaseDestination(destination, { hold: 'move', ramp: 0 }, changing);
    assert.equal(
      change.text,
      'released (move), but it is still held (disk) by local/ann: disk full; nothing will be tried',
    );
    assert.deepEqual([change.isTried, released], [undefined, 0]);
  });

  test('over a ramp says when the message will be tried', async () => {
    const services = operatorServices({}, 0.5);
    const changing = { order, services };
    await putItems(services, { id: 'a', state: 'deferred' });
    await Array.fromAsync(holdMessages({ kind: 'ids', ids: ['a'] }, { hold: 'x' }, changing));
    const [change] = await Array.fromAsync(releaseMessages({ kind: 'ids', ids: ['a'] }, { ramp: hour }, changing));
    assert.deepEqual(change, {
      ...{ kind: 'changed', id: 'a', delivery: '0000', isTried: true },
      text: 'released; it will be tried at 2026-11-22T08:30:00Z',
    });
  });
});

test('a flush of a suspended destination says that the next delivery will be attempted', async () => {
  const services = operatorServices();
  const { wall } = services.clock;
  const suspension = { since: wall, until: wall + hour, why: 'refused', dsn: '4.4.1', failures: 9 } as const;
  await services.destinations.write({ ...emptyRecord(destination), suspension });
  const selection = waitingForTime({ kind: 'filter', filter: { destination } }, services);
  const asked = { order: { ...order, whatIf: true }, services };
  const [would] = await Array.fromAsync(flush({ selection, ramp: 0, reopens: { destination } }, asked));
  assert.equal(would?.text, 'its suspension would be cleared; the next delivery would be attempted');
  const [change] = await Array.fromAsync(flush({ selection, ramp: 0, reopens: { destination } }, { order, services }));
  assert.equal(change?.text, 'suspension cleared; the next delivery will be attempted');
});
