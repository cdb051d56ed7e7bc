/**
 * The contract of every ledger about items that cannot be read: one suite, for the table in DynamoDB and for
 * the one in memory.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listEntries } from '../../functions/operator/selection.ts';
import { indexAttributes } from '../../functions/queue/items/index-attributes.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import type { Ledger, Queries } from '../../functions/queue/items/ports.ts';
import { ForeignItem, ItemFault, isUnreadable, type RawItem } from '../../functions/queue/items/unreadable-item.ts';
import { makeItem } from './delivery-item.ts';

/** A table, and a way to write anything into it. */
export interface Planted {
  readonly ledger: Ledger;
  readonly queries: Queries;
  readonly plant: (raw: RawItem) => Promise<void>;
}

/** A raw item of the table, some of its attributes replaced; `undefined` removes one. */
export function rawItem(given: Partial<DeliveryItem>, broken: Readonly<Record<string, unknown>>): RawItem {
  const item = makeItem(given);
  const all = { ...item, ...indexAttributes(item), ...broken };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null && value !== undefined));
}

/** The fault of an item, and its text. */
const brokenSender = { sender: 7 };
const senderFault = 'sender: 7 is not a string';

/** Declares the tests. Each test calls `planted` when it begins. */
export function describeMalformed(name: string, planted: () => Planted): void {
  const aDestination = () => `inet:${crypto.randomUUID()}.test:24`;

  async function put(given: Partial<DeliveryItem>, broken: Readonly<Record<string, unknown>>): Promise<RawItem> {
    const raw = rawItem(given, broken);
    await planted().plant(raw);
    return raw;
  }

  async function thrownBy(reading: Promise<unknown>): Promise<unknown> {
    return await reading.then(
      () => assert.fail('it is read'),
      (error: unknown) => error,
    );
  }

  async function faultOf({ id, delivery }: RawItem): Promise<ItemFault> {
    const fault = await thrownBy(planted().ledger.read({ id: String(id), delivery: String(delivery) }));
    assert.ok(fault instanceof ItemFault);
    return fault;
  }

  async function dueIds(): Promise<ReadonlyMap<string, string>> {
    const due = await Array.fromAsync(planted().ledger.findDue(3_000_000));
    return new Map(due.map(({ id, state }) => [id, state]));
  }

  describe(`items that cannot be read ${name}`, () => {
    test('a malformed item is thrown, with its key, all its attributes, and the wrong field', async () => {
      const raw = await put({ state: 'deferred' }, brokenSender);
      const { id, delivery, field, fault, raw: seen } = await faultOf(raw);
      assert.deepEqual([id, delivery, field, fault], [raw['id'], '0000', 'sender', senderFault]);
      assert.deepEqual(seen, raw);
    });

    test('among the deliveries of a request it is a value, and the others are returned', async () => {
      const id = crypto.randomUUID();
      for (const delivery of ['0000', '0002']) await planted().ledger.admit(makeItem({ id, delivery }));
      await put({ id, delivery: '0001' }, brokenSender);
      const all = await planted().ledger.readAll(id);
      const back = await Array.fromAsync(planted().ledger.readBack(id));
      assert.deepEqual(
        all.map((item) => [item.delivery, isUnreadable(item)]),
        [
          ['0000', false],
          ['0001', true],
          ['0002', false],
        ],
      );
      assert.deepEqual(
        back.map(({ delivery }) => delivery),
        ['0002', '0001', '0000'],
      );
    });

    test('no other item replaces it', async () => {
      const raw = await put({}, brokenSender);
      const fault = await thrownBy(planted().ledger.admit(makeItem({ id: String(raw['id']) })));
      assert.ok(fault instanceof ItemFault);
      assert.deepEqual((await faultOf(raw)).raw, raw);
    });

    test('it is found when it is due, even if its state cannot be read', async () => {
      const ids = ['one', 'other'].map((one) => `${one}-${crypto.randomUUID()}`) as [string, string];
      await put({ id: ids[0], state: 'deferred' }, brokenSender);
      await put({ id: ids[1], state: 'deferred' }, { state: 'lost' });
      const due = await dueIds();
      assert.deepEqual(
        ids.map((id) => due.get(id)),
        ['deferred', 'unreadable'],
      );
    });

    test('it is overwritten once, given its current content', async () => {
      const raw = await put({ state: 'deferred' }, brokenSender);
      const seen = await faultOf(raw);
      const { ledger } = planted();
      assert.equal(await ledger.overwrite(seen, { state: 'held', due: null, shard: null, reason: undefined }), true);
      const { raw: now } = await faultOf(raw);
      assert.deepEqual([now['state'], now['due'], now['sender']], ['held', undefined, 7]);
      assert.notEqual(now['by'], raw['by']);
      assert.equal((await dueIds()).has(String(raw['id'])), false);
      assert.equal(await ledger.overwrite(seen, { state: 'done' }), false, 'another writer was faster');
      assert.equal((await faultOf(raw)).raw['state'], 'held');
    });

    test('malformed or missing attributes still exclude an outdated writer', async () => {
      for (const broken of [{ generation: 'many' }, { generation: undefined }, { by: undefined }, { version: ['x'] }]) {
        const raw = await put({ state: 'deferred' }, broken);
        const seen = await faultOf(raw);
        const changed = new ItemFault(
          seen,
          { path: '', text: '' },
          { ...raw, ...{ by: 'another', generation: 9, version: 1 } },
        );
        assert.equal(await planted().ledger.overwrite(changed, { state: 'held' }), false, JSON.stringify(broken));
        assert.equal(await planted().ledger.overwrite(seen, { state: 'held' }), true, JSON.stringify(broken));
      }
    });

    test('it is read again as soon as it is corrected', async () => {
      const raw = await put({ state: 'held', due: 5 }, brokenSender);
      await planted().ledger.overwrite(await faultOf(raw), { sender: 'alice@example.org' });
      const item = await planted().ledger.read({ id: String(raw['id']), delivery: '0000' });
      assert.deepEqual([item?.state, item?.sender], ['held', 'alice@example.org']);
    });

    test('a list shows it beside the others, with its readable attributes, in any state', async () => {
      const destination = aDestination();
      const { ledger, queries } = planted();
      await ledger.admit(makeItem({ destination, state: 'deferred', id: `well-${destination}` }));
      await ledger.admit(makeItem({ destination, state: 'active', id: `going-${destination}` }));
      await put({ destination, state: 'deferred', id: `a-${destination}` }, { summary: 'none', sender: 7 });
      await put({ destination, state: 'active', id: `b-${destination}`, attempt: 3 }, { recipients: [{}] });
      const entries = await listAll(queries, destination);
      const faulty = entries.filter(({ fault }) => fault !== undefined);
      assert.equal(entries.length, 4);
      assert.deepEqual(faulty.map(({ id, state, attempt }) => [id[0], state, attempt]).sort(), [
        ['a', 'deferred', 0],
        ['b', 'active', 3],
      ]);
      assert.ok(faulty.some(({ fault }) => fault === 'recipients[0].address: is missing; expected a string'));
    });

    test('it is woken as one that waits for a place, even if the index is incomplete', async () => {
      const destination = aDestination();
      await put({ destination, state: 'queued', due: 5 }, { summary: { addresses: 'many' }, recipients: 'many' });
      await planted().ledger.admit(makeItem({ destination, state: 'queued', due: 4 }));
      const found = await planted().queries.findQueued(destination, { isNew: true, dueBy: 10, limit: 10 });
      assert.deepEqual(
        found.map(({ delivery, generation }) => [delivery, generation]),
        [
          ['0000', 1],
          ['0000', 1],
        ],
      );
    });

    test('an item of a release that is too different is distinguished from a malformed one', async () => {
      const { ledger, queries } = planted();
      const destination = aDestination();
      const id = crypto.randomUUID();
      await put({ id, destination, state: 'active' }, { version: 3, recipients: 'another form' });
      assert.ok((await thrownBy(ledger.read({ id, delivery: '0000' }))) instanceof ForeignItem);
      assert.ok((await ledger.readAll(id))[0] instanceof ForeignItem);
      assert.equal((await dueIds()).get(id), 'active');
      const entries = await listAll(queries, destination);
      assert.deepEqual(
        entries.map(({ id: one, state }) => [one, state]),
        [[id, 'active']],
      );
      assert.match(entries[0]?.fault ?? '', /^has version 3; this release reads versions up to 2$/);
    });
  });
}

async function listAll(queries: Queries, destination: string) {
  return await Array.fromAsync(listEntries({ destination }, queries));
}
