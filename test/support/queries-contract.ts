/**
 * The contract of queries over many deliveries: one suite, for the indexes of the table in DynamoDB and for
 * memory.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listEntries } from '../../functions/operator/selection.ts';
import type { DeliveryItem, LastVerdict } from '../../functions/queue/items/item.ts';
import type { Ledger, Queries } from '../../functions/queue/items/ports.ts';
import type { QueueEntry, QueueFilter } from '../../functions/queue/items/queue-entry.ts';
import { states } from '../../functions/queue/items/states.ts';
import { makeItem, makeRecipients, makeVerdict } from './delivery-item.ts';

/** The same table twice: for writes, and for queries. */
export interface Asked {
  readonly ledger: Ledger;
  readonly queries: Queries;
}

/** Declares the tests. Each test calls `asked` when it begins. */
export function describeQueries(name: string, asked: () => Asked): void {
  describe(`questions to a queue ${name}`, () => {
    describeList(asked);
    describeMatching(asked);
    describeQueued(asked);
    describeActive(asked);
  });
}

/** Each test has its own destination. */
function aDestination(): string {
  return `inet:${crypto.randomUUID()}.test:24`;
}

async function put(ledger: Ledger, ...items: readonly Partial<DeliveryItem>[]): Promise<readonly DeliveryItem[]> {
  return await Promise.all(
    items.map(async (given) => {
      const item = makeItem(given);
      assert.equal((await ledger.admit(item)).kind, 'moved');
      return item;
    }),
  );
}

async function listAll(queries: Queries, filter: QueueFilter): Promise<readonly QueueEntry[]> {
  return await Array.fromAsync(listEntries(filter, queries));
}

function idsOf(entries: readonly { readonly id: string }[]): readonly string[] {
  return entries.map(({ id }) => id).sort();
}

function describeList(asked: () => Asked): void {
  test('every delivery that is not done is in the list, once, in whatever state it is', async () => {
    const { ledger, queries } = asked();
    const destination = aDestination();
    const items = await put(ledger, ...states.map((state) => ({ state, destination })));
    const listed = await listAll(queries, { destination });
    const live = items.filter(({ state }) => state !== 'done');
    assert.deepEqual(idsOf(listed), idsOf(live));
    assert.deepEqual(new Set(listed.map(({ state }) => state)), new Set(live.map(({ state }) => state)));
  });

  test('an entry agrees with its item', async () => {
    const { ledger, queries } = asked();
    const destination = aDestination();
    const last: LastVerdict = { ...makeVerdict('deferred'), inDoubt: true };
    const [item] = await put(ledger, {
      destination,
      state: 'held',
      attempt: 3,
      arrival: 77,
      recipients: [
        { address: 'bob@x', n: 0, last },
        { address: 'carol@x', n: 1, last: makeVerdict('sent') },
      ],
      holds: [{ id: 'h', reason: 'the disk is full', by: 'ann', since: 1 }],
    });
    const entries = await listAll(queries, { destination });
    assert.ok(item !== undefined);
    const { id, delivery, generation, sender, due } = item;
    assert.deepEqual(entries, [
      {
        ...{ id, delivery, state: 'held', generation, sender, due, destination, attempt: 3, arrival: 77 },
        summary: {
          addresses: ['bob@x'],
          moreAddresses: 0,
          replies: [{ dsn: '4.2.2', text: 'said the server' }],
          moreReplies: 0,
          inDoubt: 1,
          held: 'the disk is full',
        },
      },
    ]);
  });

  test('a moved delivery is listed with its new state, and a finished one is not listed', async () => {
    const { ledger, queries } = asked();
    const destination = aDestination();
    const [item] = await put(ledger, { state: 'active', destination });
    assert.ok(item !== undefined);
    const recipients = [{ address: 'bob@x', n: 0, last: makeVerdict('deferred') }];
    const deferred = await ledger.move('deferUnclaimed', item, { recipients, due: 5000, attempt: 1 });
    assert.partialDeepStrictEqual(await listAll(queries, { destination }), [
      { state: 'deferred', due: 5000, attempt: 1, summary: { replies: [{ text: 'said the server' }] } },
    ]);
    assert.ok(deferred.kind === 'moved');
    await ledger.move('remove', deferred.item, { due: null });
    assert.deepEqual(await listAll(queries, { destination }), []);
  });

  test('a long list has pages, with each entry on one of them', async () => {
    const { ledger, queries } = asked();
    const destination = aDestination();
    const items = await put(
      ledger,
      ...Array.from({ length: 130 }, () => ({ state: 'deferred' as const, destination })),
    );
    assert.deepEqual(idsOf(await listAll(queries, { destination })), idsOf(items));
    const first = await queries.list({ destination });
    assert.ok(first.next !== undefined && first.entries.length < 130);
  });
}

function describeMatching(asked: () => Asked): void {
  /** Deliveries that differ in every property of a filter. */
  const varied = (destination: string): readonly Partial<DeliveryItem>[] => [
    { id: `a-${destination}`, destination, state: 'deferred', sender: 'alice@Example.org', arrival: 100 },
    {
      id: `b-${destination}`,
      destination,
      state: 'queued',
      sender: '',
      arrival: 200,
      recipients: makeRecipients('Bob@B.example'),
    },
    {
      id: `c-${destination}`,
      destination,
      state: 'deferred',
      arrival: 300,
      recipients: [
        { address: 'carol@c.example', n: 0, last: { ...makeVerdict('deferred'), text: '452 4.2.2 Mailbox FULL' } },
      ],
    },
    {
      id: `d-${destination}`,
      destination,
      state: 'held',
      arrival: 400,
      recipients: [{ address: 'dora@c.example', n: 0, last: { ...makeVerdict('deferred'), inDoubt: true } }],
    },
    { id: `e-${destination}`, destination, state: 'corrupt', arrival: 500, reason: 'message.key: altered' },
    {
      id: `f-${destination}`,
      destination,
      state: 'active',
      arrival: 600,
      recipients: makeRecipients('fred@f.example'),
    },
    { id: `g-${destination}`, destination: `${destination}0`, state: 'deferred', arrival: 100 },
  ];

  const wanted: readonly (readonly [string, QueueFilter, string])[] = [
    ['its destination, and not one with the same beginning', {}, 'abcdef'],
    ['its state', { states: ['deferred'] }, 'ac'],
    ['one of several states', { states: ['deferred', 'active', 'held'] }, 'acdf'],
    ['its sender, in any letter case', { sender: 'ALICE@example.org' }, 'acdef'],
    ['the null sender', { sender: '' }, 'b'],
    ['the domain of its sender', { sender: '@example.org' }, 'acdef'],
    ['a recipient', { recipient: 'bob@b.example' }, 'b'],
    ['the domain of a recipient', { recipient: '@C.example' }, 'cd'],
    ['a pattern of recipients', { recipient: '*r*@?.example' }, ''],
    ['a pattern with stars', { recipient: '*or*@c*' }, 'd'],
    ['what was said', { reply: 'mailbox full' }, 'c'],
    ['the status of a reply', { reply: '4.2.2' }, 'cd'],
    ['the reason why it is corrupt', { reply: 'altered' }, 'e'],
    ['its age: so old', { arrivedBy: 300 }, 'abc'],
    ['its age: no older', { arrivedFrom: 300 }, 'cdef'],
    ['doubt', { inDoubt: true }, 'd'],
    ['all of that', { states: ['deferred'], recipient: '@c.example', arrivedFrom: 200, reply: 'full' }, 'c'],
  ];

  for (const [what, filter, letters] of wanted) {
    test(`deliveries are found by ${what}`, async () => {
      const { ledger, queries } = asked();
      const destination = aDestination();
      await put(ledger, ...varied(destination));
      const found = await listAll(queries, { destination, ...filter });
      assert.equal(
        idsOf(found)
          .map(([letter]) => letter)
          .join(''),
        letters,
      );
    });
  }

  test('a recipient that the summary leaves out is still found, and so is the reply for it', async () => {
    const { ledger, queries } = asked();
    const destination = aDestination();
    const recipients = Array.from({ length: 60 }, (_, n) => ({
      address: `recipient-${n}@example.com`,
      n,
      last: { ...makeVerdict('deferred'), text: `answer ${n} ${'x'.repeat(200)} end ${n}.` },
    }));
    const [item] = await put(ledger, { state: 'deferred', destination, recipients });
    for (const filter of [{ recipient: 'recipient-59@example.com' }, { reply: 'answer 59 ' }, { reply: 'end 3.' }]) {
      assert.deepEqual(idsOf(await listAll(queries, { destination, ...filter })), [item?.id]);
    }
    for (const filter of [{ recipient: 'recipient-60@example.com' }, { reply: 'answer 60 ' }]) {
      assert.deepEqual(await listAll(queries, { destination, ...filter }), []);
    }
  });
}

function describeQueued(asked: () => Asked): void {
  test('deliveries that wait for a place are returned in the order of their due times, new and old ones apart', async () => {
    const { ledger, queries } = asked();
    const destination = aDestination();
    const state = 'queued';
    await put(
      ledger,
      { id: `n3-${destination}`, state, destination, due: 300 },
      { id: `n1-${destination}`, state, destination, due: 100 },
      { id: `n9-${destination}`, state, destination, due: 900 },
      { id: `n2-${destination}`, state, destination, due: 200 },
      { id: `o1-${destination}`, state, destination, due: 50, attempt: 4 },
      { id: `d1-${destination}`, state: 'deferred', destination, due: 10 },
      { id: `x1-${destination}`, state, destination: `${destination}0`, due: 10 },
    );
    const names = async (isNew: boolean, dueBy: number, limit: number) =>
      (await queries.findQueued(destination, { isNew, dueBy, limit })).map(({ id }) => id.slice(0, 2));
    assert.deepEqual(await names(true, 300, 10), ['n1', 'n2', 'n3']);
    assert.deepEqual(await names(true, 299, 10), ['n1', 'n2']);
    assert.deepEqual(await names(true, 10_000, 2), ['n1', 'n2']);
    assert.deepEqual(await names(false, 300, 10), ['o1']);
  });

  test('a found delivery can be woken: its entry has key and generation', async () => {
    const { ledger, queries } = asked();
    const destination = aDestination();
    const [item] = await put(ledger, { state: 'queued', destination, due: 1, generation: 7 });
    const [found] = await queries.findQueued(destination, { isNew: true, dueBy: 2, limit: 1 });
    assert.deepEqual([found?.id, found?.delivery, found?.generation], [item?.id, '0000', 7]);
  });
}

function describeActive(asked: () => Asked): void {
  test('deliveries in active or in delivery are counted, by destination', async () => {
    const { ledger, queries } = asked();
    const destination = aDestination();
    const items = states.map((state) => ({ state, destination }));
    await put(ledger, ...items, { state: 'active', destination }, { state: 'active', destination: `${destination}0` });
    assert.equal(await queries.countActive(destination), 3);
    assert.equal(await queries.countActive(aDestination()), 0);
    assert.ok((await queries.countActive()) >= 4, 'and all together');
  });

  test('a delivery that left active is no longer counted', async () => {
    const { ledger, queries } = asked();
    const destination = aDestination();
    const [item] = await put(ledger, { state: 'active', destination });
    assert.ok(item !== undefined);
    await ledger.move('putBack', item, { due: 10 });
    assert.equal(await queries.countActive(destination), 0);
  });
}
