/** The contents and order of a list of the queue. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Listed, type ListSpec, listQueue } from '../../functions/operator/list.ts';
import type { OperatorServices } from '../../functions/operator/operator.ts';
import { makeRecipients, makeVerdict } from '../support/delivery-item.ts';
import { type CapturingOperatorServices, operatorServices, putItems } from '../support/operator-services.ts';

const everything: ListSpec = { filter: {}, limit: 0, isBrief: false, isOldestFirst: false };

async function list(services: CapturingOperatorServices, wish: Partial<ListSpec> = {}): Promise<readonly Listed[]> {
  return await Array.fromAsync(listQueue({ ...everything, ...wish }, services));
}

function idsOf(listed: readonly Listed[]): readonly string[] {
  return listed.map((one) => (one.kind === 'delivery' ? one.entry.id : one.request.id));
}

test('each entry comes with its item, and so with the replies for each recipient', async () => {
  const services = operatorServices();
  const recipients = [{ address: 'bob@x', n: 0, last: makeVerdict('deferred') }, ...makeRecipients('carol@x')];
  const [item] = await putItems(services, { id: 'a', state: 'deferred', recipients }, { id: 'b', state: 'done' });
  const [first, ...others] = await list(services);
  assert.ok(first?.kind === 'delivery');
  assert.deepEqual(first.item, item);
  assert.deepEqual(others, []);
});

test('a brief list reads no items', async () => {
  const services = operatorServices();
  await putItems(services, { id: 'a', state: 'deferred' }, { id: 'b', state: 'held' });
  const { ledger }: OperatorServices = services;
  const blind = { ...services, ledger: { ...ledger, read: () => Promise.reject(new Error('read')) } };
  const listed = await Array.fromAsync(listQueue({ ...everything, isBrief: true }, blind));
  assert.deepEqual(idsOf(listed), ['a', 'b']);
  assert.ok(listed.every((one) => one.kind === 'delivery' && one.item === undefined));
  await assert.rejects(Array.fromAsync(listQueue(everything, blind)), /read/);
});

test('a delivery that is done by the time it is read is not shown', async () => {
  const services = operatorServices();
  const [item] = await putItems(services, { id: 'a', state: 'deferred' });
  const page = await services.queries.list({});
  assert.ok(item !== undefined);
  await services.ledger.move('remove', item, {});
  const stale = { ...services, queries: { ...services.queries, list: async () => page } };
  assert.deepEqual(await Array.fromAsync(listQueue(everything, stale)), []);
});

test('the list stops at the limit, and so does the reading of pages', async () => {
  const services = operatorServices();
  await putItems(services, ...Array.from({ length: 250 }, (_, n) => ({ id: `m${n}`, state: 'deferred' as const })));
  let pages = 0;
  const wish = { ...everything, limit: 7 };
  const listed = await Array.fromAsync(
    listQueue(wish, services, (cost) => {
      pages = cost.pages;
    }),
  );
  assert.deepEqual([listed.length, pages], [7, 1]);
  assert.equal((await list(services)).length, 250);
});

test('the oldest of the whole queue come first on request', async () => {
  const services = operatorServices();
  const arrivals = [5, 3, 9, 1, 7, 3];
  await putItems(services, ...arrivals.map((arrival, n) => ({ id: `m${n}`, state: 'deferred' as const, arrival })));
  assert.deepEqual(idsOf(await list(services, { isOldestFirst: true, limit: 3 })), ['m3', 'm1', 'm5']);
  assert.deepEqual(idsOf(await list(services, { isOldestFirst: true })), ['m3', 'm1', 'm5', 'm0', 'm4', 'm2']);
});

test('corrupt requests come last, unless a filter asks for something that they do not have', async () => {
  const services = operatorServices();
  await putItems(services, { id: 'a', state: 'deferred' }, { id: 'b', state: 'corrupt', reason: 'message.key: gone' });
  const sent = services.clock.wall - 60_000;
  await services.corruptRequests.file({ id: 'r1', reason: 'sender: is missing', body: '{}', sent });
  await services.corruptRequests.file({ id: 'b.0000', reason: 'message.key: gone', body: '{}', isDelivery: true });
  assert.deepEqual(idsOf(await list(services)), ['a', 'b', 'r1']);
  assert.deepEqual(idsOf(await list(services, { filter: { states: ['corrupt'] } })), ['b', 'r1']);
  assert.deepEqual(idsOf(await list(services, { filter: { states: ['deferred'] } })), ['a']);
  assert.deepEqual(idsOf(await list(services, { filter: { reply: 'SENDER' } })), ['r1']);
  assert.deepEqual(idsOf(await list(services, { filter: { arrivedBy: sent } })), ['r1']);
  assert.deepEqual(idsOf(await list(services, { filter: { arrivedFrom: sent + 1 } })), ['a', 'b']);
  for (const filter of [{ recipient: '*' }, { sender: '*' }, { destination: 'inet:[127.0.0.1]:24' }]) {
    assert.deepEqual(idsOf(await list(services, { filter })), ['a', 'b']);
  }
  assert.deepEqual(idsOf(await list(services, { limit: 2 })), ['a', 'b']);
});
