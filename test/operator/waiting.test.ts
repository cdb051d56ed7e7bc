/** The meaning of "waiting", which is the same for flush, shape, status and queue. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statusAsText } from '../../functions/command/status-text.ts';
import { holdDestination } from '../../functions/operator/destination-change.ts';
import { releaseDestination } from '../../functions/operator/destinations.ts';
import { listQueue } from '../../functions/operator/list.ts';
import { flushMessages, releaseMessages } from '../../functions/operator/messages.ts';
import type { QueueDepths } from '../../functions/operator/ports.ts';
import { waitingForTime } from '../../functions/operator/selection.ts';
import { shapeQueue } from '../../functions/operator/shape.ts';
import { assess } from '../../functions/operator/status.ts';
import { undelivered, waitOf } from '../../functions/operator/waiting.ts';
import { type State, states } from '../../functions/queue/items/states.ts';
import { listedAsText } from '../../functions/texts/queue-text.ts';
import { operatorServices, putItems } from '../support/operator-services.ts';

const order = { by: 'local/ann', why: 'the disk is empty again' };
const destination = 'inet:[127.0.0.1]:24';
const hour = 3_600_000;
const depths: QueueDepths = { read: async () => ({ depths: [], unreachable: [] }) };

/** Mail that a release has spread over an hour: each is queued, and due in half an hour. */
async function spread() {
  const services = operatorServices({}, 0.5);
  const changing = { order, services };
  await holdDestination(destination, { ...order, hold: 'disk' }, services);
  await putItems(services, { id: 'a', state: 'held' }, { id: 'b', state: 'held' });
  assert.equal((await releaseDestination(destination, { ramp: hour }, changing)).released, 2);
  return { services, changing, now: services.clock.wall };
}

describe('mail that release --ramp spread over an hour', () => {
  const filters = { 'flush --destination': { destination }, 'flush --all': {} } as const;
  for (const [command, filter] of Object.entries(filters)) {
    test(`is tried at once after ${command}`, async () => {
      const { services, changing, now } = await spread();
      assert.deepEqual(
        services.ledger.items.map(({ state, due }) => [state, due]),
        [
          ['queued', now + hour / 2],
          ['queued', now + hour / 2],
        ],
      );
      const selection = waitingForTime({ kind: 'filter', filter }, services);
      const changes = await Array.fromAsync(flushMessages(selection, 0, changing));
      assert.deepEqual(
        changes.map(({ kind, id }) => `${id} ${kind}`),
        ['a changed', 'b changed'],
      );
      assert.deepEqual(
        services.ledger.items.map(({ due }) => due),
        [now, now],
      );
      assert.deepEqual(
        services.woken.slice(-2).map(([, delay]) => delay),
        [0, 0],
      );
    });
  }

  test('is counted by shape and status, and queue says when its time comes', async () => {
    const { services, now } = await spread();
    assert.equal((await shapeQueue({}, 'destination', now, services)).total.total, 2);
    const report = await assess({ lateAfter: hour }, services, depths);
    assert.deepEqual([report.waiting.deliveries, report.queuedForLater], [2, 2]);
    assert.match(statusAsText(report, hour)[0] ?? '', /: 2 queued \(2 of them for a later time\)\.$/);
    const wish = { filter: {}, limit: 0, isBrief: false, isOldestFirst: false };
    const [first] = await Array.fromAsync(listQueue(wish, services));
    assert.ok(first !== undefined);
    assert.match(listedAsText(first, now)[0] ?? '', /^a +queued .* in 30m /);
  });

  test('a single message behaves the same', async () => {
    const services = operatorServices({}, 0.5);
    const hold = { id: 'own', reason: 'r', by: 'b', since: 0 };
    await putItems(services, { id: 'a', state: 'held', holds: [hold] });
    const changing = { order, services };
    await Array.fromAsync(releaseMessages({ kind: 'ids', ids: ['a'] }, { ramp: hour }, changing));
    const selection = waitingForTime({ kind: 'filter', filter: { sender: 'alice@example.org' } }, services);
    assert.equal((await Array.fromAsync(flushMessages(selection, 0, changing))).length, 1);
    assert.equal(services.ledger.items[0]?.due, services.clock.wall);
  });
});

test('a flush skips mail that waits for a place already, and held mail', async () => {
  const services = operatorServices();
  const { wall } = services.clock;
  await putItems(
    services,
    { id: 'due', state: 'queued', due: wall - 1 },
    { id: 'held', state: 'held' },
    { id: 'later', state: 'deferred', due: wall + hour },
  );
  const selection = waitingForTime({ kind: 'filter', filter: {} }, services);
  const changes = await Array.fromAsync(flushMessages(selection, 0, { order, services }));
  assert.deepEqual(
    changes.map(({ id }) => id),
    ['later'],
  );
});

test('every state but done waits for something; corrupt mail waits for a repair, which is not a coming delivery', () => {
  const waits: Readonly<Record<State, string | undefined>> = {
    queued: 'place',
    active: 'attempt',
    delivering: 'attempt',
    deferred: 'time',
    held: 'release',
    done: undefined,
    corrupt: 'repair',
  };
  for (const state of states) assert.equal(waitOf({ state, due: 1000 }, 1000), waits[state], state);
  assert.equal(waitOf({ state: 'queued', due: 1001 }, 1000), 'time');
  // With events to publish first, the item is due earlier than its next attempt.
  assert.equal(waitOf({ state: 'queued', due: 500, unpublished: { due: 2000 } }, 1000), 'time');
  assert.deepEqual(undelivered, ['queued', 'active', 'delivering', 'deferred', 'held']);
});
