/** Parked mail (retry:) goes where the transport map sends it when it falls due. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activate } from '../../../functions/queue/admission/activate.ts';
import type { DeliveryItem } from '../../../functions/queue/items/item.ts';
import { parseTransportMap } from '../../../functions/request/transport-map.ts';
import { captureServices } from '../../support/capturing-services.ts';
import { makeItem } from '../../support/delivery-item.ts';

const key = { id: '4bXq1', delivery: '0000' };
const wakeUp = { version: 1, ...key, generation: 3 } as const;
const parked = 'retry:4.3.2 moving';

/** A wake-up arrives for a delivery while the map has this content. */
async function wake(map: string, item: Partial<DeliveryItem> = {}) {
  const services = captureServices();
  await services.ledger.admit(makeItem({ ...key, state: 'deferred', generation: 3, destination: parked, ...item }));
  const sent: string[] = [];
  const acceptance = {
    transportMap: parseTransportMap(map, 'lmtp', 24, { otherTransports: new Set(['mailman']) }),
    allowedDestinations: new Set<string>(),
    allowedBuckets: new Set<string>(),
    otherTransports: { send: async (transport: string, request: string) => void sent.push(`${transport} ${request}`) },
  };
  await activate(wakeUp, services, async () => acceptance);
  return { services, sent, now: await services.ledger.read(key) };
}

test('it stays parked while the map parks it', async () => {
  const { services, now } = await wake('* retry:4.3.2 moving');
  assert.partialDeepStrictEqual(now, { state: 'active', destination: parked, generation: 4 });
  assert.deepEqual(services.activated, ['4bXq1/0000 4']);
});

test('it stays parked where the map has no entry for it any more', async () => {
  assert.partialDeepStrictEqual((await wake('other.example lmtp:one')).now, { destination: parked });
});

for (const [map, destination] of [
  ['* lmtp:inet:new.test', 'inet:new.test:24'],
  ['* retry:4.3.2 still moving', 'retry:4.3.2 still moving'],
  ['* error:5.1.6 moved', 'error:5.1.6 moved'],
] as const) {
  test(`it goes to ${destination} when the map says so, in the message group of that`, async () => {
    const before = makeItem({ ...key });
    const { services, now } = await wake(map);
    assert.partialDeepStrictEqual(now, { state: 'active', destination, generation: 4 });
    assert.notEqual(now?.group.split('#')[0], before.group.split('#')[0]);
    assert.deepEqual(services.activated, ['4bXq1/0000 4']);
  });
}

test('it is passed to another transport when the map says so, and is done here', async () => {
  const { services, sent, now } = await wake('* mailman:inet:m.test:8024', { attempt: 7 });
  assert.partialDeepStrictEqual(now, {
    state: 'done',
    recipients: [{ last: { status: 'sent', text: 'handed on to the transport mailman', attempt: 7 } }],
  });
  assert.equal(sent.length, 1);
  assert.match(
    sent[0] ?? '',
    /^mailman \{"version":1,"id":"4bXq1\.0000","arrival":"\d{4}-.*"destination":"inet:m\.test:8024"/,
  );
  assert.deepEqual(services.activated, []);
});

test('a delivery whose recipients would get different destinations stays parked', async () => {
  const recipients = ['bob@one.example', 'carol@two.example'].map((address, n) => ({ address, n }));
  const { now } = await wake('one.example lmtp:one\ntwo.example lmtp:two', { recipients });
  assert.partialDeepStrictEqual(now, { state: 'active', destination: parked });
});

test('a delivery to a server keeps its destination, whatever the map says now', async () => {
  const { now } = await wake('* lmtp:inet:new.test', { destination: 'inet:old.test:24' });
  assert.partialDeepStrictEqual(now, { state: 'active', destination: 'inet:old.test:24' });
});

test('a map that cannot be read leaves the wake-up in its queue', async () => {
  const services = captureServices();
  await services.ledger.admit(makeItem({ ...key, state: 'deferred', generation: 3, destination: parked }));
  await assert.rejects(
    activate(wakeUp, services, async () => Promise.reject(new Error('denied'))),
    /denied/,
  );
  assert.partialDeepStrictEqual(await services.ledger.read(key), { state: 'deferred' });
});
