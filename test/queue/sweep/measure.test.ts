import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryItem } from '../../../functions/queue/items/item.ts';
import type { QueueFilter } from '../../../functions/queue/items/queue-entry.ts';
import { measureQueue } from '../../../functions/queue/sweep/measure.ts';
import { type CapturingServices, captureServices } from '../../support/capturing-services.ts';
import { makeItem } from '../../support/delivery-item.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

/** Services with items, each of which arrived so many milliseconds ago. */
async function withItems(items: readonly (Partial<DeliveryItem> & { readonly ago?: number })[]) {
  const services = captureServices();
  const now = services.clock.wall;
  for (const { ago = minute, ...item } of items) {
    await services.ledger.admit(makeItem({ ...item, arrival: now - ago, due: now + minute }));
  }
  return services;
}

async function measure(services: CapturingServices, mayGoOn = () => true) {
  await measureQueue(services, services.metrics, mayGoOn);
  const { OldestDeferred, ...sums } = services.metrics.sums();
  return sums;
}

/** Age of the oldest, by destination. */
function oldest({ metrics }: CapturingServices) {
  const told = metrics.added.filter(({ name }) => name === 'OldestDeferred');
  return Object.fromEntries(told.map(({ destination = 'all', value }) => [destination, value]));
}

const nothing = {
  Waiting: 0,
  WaitingForMailbox: 0,
  Held: 0,
  CorruptWaiting: 0,
  ExpiringSoon: 0,
  DestinationsDead: 0,
  Sent: 0,
};

test('an empty queue has metrics too, because a graph without values shows nothing', async () => {
  const services = await withItems([]);
  assert.deepEqual(await measure(services), { ...nothing });
  assert.deepEqual(oldest(services), { all: 0 });
});

test('queued, deferred and active deliveries wait; held ones are counted separately, without an age', async () => {
  const services = await withItems([
    { state: 'queued', destination: 'inet:a:24', ago: 20 * minute },
    { state: 'deferred', destination: 'inet:a:24', ago: 30 * minute },
    { state: 'deferred', destination: 'inet:b:24', ago: 5 * minute },
    { state: 'active', destination: 'inet:b:24', ago: 90 * minute },
    { state: 'delivering', destination: 'inet:c:24', ago: 90 * minute },
    { state: 'held', destination: 'inet:b:24', ago: 60 * minute },
    { state: 'corrupt', ago: 60 * minute },
    { state: 'done', ago: 60 * minute },
  ]);
  assert.deepEqual(await measure(services), { ...nothing, Waiting: 5, Held: 1, CorruptWaiting: 1 });
  assert.deepEqual(oldest(services), { all: 0, 'inet:a:24': 1800, 'inet:b:24': 300 });
});

test('mail that waits only for full or closed mailboxes is counted separately; a server in trouble is not, whatever it says of a mailbox', async () => {
  const recipient = (n: number, dsn: '4.2.0' | '4.2.1' | '4.2.2' | '4.4.1') => ({
    ...{ n, address: `user${n}@example.com`, status: 'deferred' as const },
    last: { at: 1, status: 'deferred', dsn, text: 'no', attempt: 1 } as const,
  });
  const services = await withItems([
    { state: 'deferred', recipients: [recipient(0, '4.2.2')] },
    { state: 'deferred', recipients: [recipient(0, '4.2.2'), recipient(1, '4.2.1')] },
    { state: 'deferred', recipients: [recipient(0, '4.2.2'), recipient(1, '4.4.1')] },
    { state: 'deferred', recipients: [recipient(0, '4.2.0')] },
    { state: 'held', recipients: [recipient(0, '4.2.2')] },
    { state: 'queued' },
  ]);
  assert.deepEqual(await measure(services), { ...nothing, Waiting: 5, WaitingForMailbox: 2, Held: 1 });
});

test('unusable requests and deliveries are counted until an operator has dealt with them', async () => {
  const services = await withItems([{ state: 'corrupt' }, { state: 'deferred' }]);
  services.ledger.corruptRequests = 2;
  assert.deepEqual(await measure(services), { ...nothing, Waiting: 1, CorruptWaiting: 3 });
});

test('mail whose lifetime ends within six hours expires soon, and held mail does not', async () => {
  const services = await withItems([
    { state: 'deferred', ago: 5 * day - 7 * 60 * minute },
    { state: 'deferred', ago: 5 * day - 5 * 60 * minute },
    { state: 'queued', ago: 5 * day - minute },
    { state: 'held', ago: 5 * day - minute },
  ]);
  assert.equal((await measure(services)).ExpiringSoon, 2);
});

test('a destination is dead if mail waits for it, and counts once, whatever the number of its mailboxes', async () => {
  const services = await withItems([
    { state: 'deferred', destination: 'inet:a:24' },
    { state: 'held', destination: 'inet:b:24' },
  ]);
  const suspension = { since: 0, until: 1, why: 'connection refused', dsn: '4.4.1', failures: 3 } as const;
  for (const name of ['inet:a:24', 'bob@example.com@inet:a:24', 'carol@example.com@inet:b:24', 'inet:idle:24']) {
    const record = await services.destinations.read(name);
    await services.destinations.write({ ...record, suspension });
  }
  assert.equal((await measure(services)).DestinationsDead, 2);
});

test('a queue that is too long is measured as far as time permits, and the log says so', async () => {
  const services = await withItems([{ state: 'deferred' }, { state: 'deferred' }]);
  let asked = 0;
  const queries: CapturingServices['queries'] = {
    findQueued: async () => [],
    countActive: async () => 0,
    countCorruptRequests: async () => 0,
    list: async (filter: QueueFilter) => {
      asked += 1;
      return { ...(await services.ledger.list(filter)), next: 'more' };
    },
  };
  const endless = { ...services, queries };
  assert.equal((await measure(endless, () => asked < 3)).Waiting, 6);
  assert.equal(asked, 3);
  assert.deepEqual(services.notes, ['warn: the queue is too long to be measured whole']);
  await measureQueue(endless, services.metrics, () => true);
  assert.equal(asked, 153, 'it does not go on for ever');
});
