/** The contract of every ledger: one suite, for the table in DynamoDB and for the one in memory. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import type { Changes, DueItem, Ledger } from '../../functions/queue/items/ports.ts';
import {
  type State,
  states,
  type Transition,
  type TransitionName,
  targetOf,
  transitions,
} from '../../functions/queue/items/states.ts';
import { makeEvent, makeItem, makeRecipients, makeVerdict } from './delivery-item.ts';

const claim = { token: 'ours', until: 3_000_000 };

/** The transitions of existing items. */
const moves = (Object.entries(transitions) as [TransitionName, Transition][]).filter(
  ([, { fence }]) => fence !== 'absent',
);

/** The outdated views that each fence excludes. */
const behind: Readonly<
  Record<Exclude<Transition['fence'], 'absent'>, Readonly<Record<string, Partial<DeliveryItem>>>>
> = {
  generation: { 'an older generation': { generation: 6 }, 'a later generation': { generation: 8 } },
  token: {
    "another worker's token": { claim: { ...claim, token: 'theirs' } },
    'an empty token': { claim: { ...claim, token: '' } },
    'an earlier write': { by: 'an earlier write' },
  },
  time: { 'an earlier due time': { due: 1_999_999 }, 'an earlier write': { by: 'an earlier write' } },
  mark: { 'an earlier write': { by: 'an earlier write' } },
};

/** Declares the tests. Each test calls `ledger` when it begins. */
export function describeLedger(name: string, ledger: () => Ledger): void {
  describe(`a ledger ${name}`, () => {
    describeAdmission(ledger);
    describeReading(ledger);
    for (const [transition, row] of moves) describeTransition(transition, row, ledger);
    describeChanges(ledger);
    describePending(ledger);
    describeDue(ledger);
  });
}

/** Adds an item of any state. */
async function put(ledger: Ledger, given: Partial<DeliveryItem> = {}): Promise<DeliveryItem> {
  const moved = await ledger.admit(makeItem({ generation: 7, claim, ...given }));
  assert.equal(moved.kind, 'moved');
  return await found(ledger, moved.item);
}

/** Returns the current item. */
async function found(ledger: Ledger, key: DeliveryItem | undefined): Promise<DeliveryItem> {
  const item = key === undefined ? undefined : await ledger.read(key);
  assert.ok(item !== undefined);
  return item;
}

function describeAdmission(given: () => Ledger): void {
  test('an added item is returned', async () => {
    const ledger = given();
    const item = makeItem({ dsn: { ret: 'HDRS' }, pending: { e1: makeEvent('e1') } });
    assert.equal((await ledger.admit(item)).kind, 'moved');
    assert.partialDeepStrictEqual(await ledger.read(item), item);
  });

  test('an item that was never added is missing', async () => {
    assert.equal(await given().read({ id: 'never', delivery: '0000' }), undefined);
    assert.deepEqual(await given().readAll('never'), []);
  });

  test('an invalid key is an error', async () => {
    for (const id of ['', 'x'.repeat(2049)]) {
      await assert.rejects(given().read({ id, delivery: '0000' }), { name: 'ValidationException' });
      await assert.rejects(given().admit(makeItem({ id })), { name: 'ValidationException' });
    }
  });

  test('a second item under the same key is refused with the first, which stays', async () => {
    const ledger = given();
    const first = await put(ledger);
    const second = await ledger.admit(makeItem({ id: first.id, requestHash: 'another' }));
    assert.deepEqual(second, { kind: 'behind', item: first });
    assert.deepEqual(await ledger.read(first), first);
  });

  test('the same item added again is recognised', async () => {
    const ledger = given();
    const item = makeItem();
    await ledger.admit(item);
    assert.equal((await ledger.admit(item)).kind, 'moved');
  });

  test('the deliveries of a request are returned together, in order', async () => {
    const ledger = given();
    const id = `many-${crypto.randomUUID()}`;
    for (const delivery of ['0002', '0000', '0010', '0001']) await ledger.admit(makeItem({ id, delivery }));
    await ledger.admit(makeItem());
    assert.deepEqual(
      (await ledger.readAll(id)).map(({ delivery }) => delivery),
      ['0000', '0001', '0002', '0010'],
    );
  });
}

function describeReading(given: () => Ledger): void {
  test('the deliveries of a request can be read backwards from the last one, up to a limit', async () => {
    const ledger = given();
    const id = `many-${crypto.randomUUID()}`;
    const numbers = Array.from({ length: 45 }, (_, n) => String(n).padStart(4, '0'));
    for (const delivery of numbers) await ledger.admit(makeItem({ id, delivery }));
    await ledger.admit(makeItem());
    const all = await Array.fromAsync(ledger.readBack(id));
    assert.deepEqual(
      all.map(({ delivery }) => delivery),
      numbers.toReversed(),
    );
    for await (const item of ledger.readBack(id)) {
      assert.deepEqual(item, await ledger.read({ id, delivery: '0044' }));
      break;
    }
    assert.deepEqual(await Array.fromAsync(ledger.readBack('never')), []);
  });
}

function describeTransition(name: TransitionName, row: Transition, given: () => Ledger): void {
  for (const from of row.from) {
    test(`${name} moves an item from ${from} to ${targetOf(row, from)}`, async () => {
      const ledger = given();
      const seen = await put(ledger, { state: from });
      const moved = await ledger.move(name, seen, { attempt: 3 });
      assert.equal(moved.kind, 'moved');
      const item = await found(ledger, seen);
      assert.deepEqual([item.state, item.attempt], [targetOf(row, from), 3]);
      assert.equal(item.generation, row.raises === true ? 8 : 7);
      assert.notEqual(item.by, seen.by);
      assert.deepEqual(moved.item, item);
    });
  }

  for (const from of states.filter((state) => !row.from.includes(state))) {
    test(`${name} leaves an item in ${from} alone`, () => refuses(name, from, {}, given()));
  }

  if (row.fence === 'absent') return;
  for (const [what, stale] of Object.entries(behind[row.fence])) {
    test(`${name} refuses a writer with ${what}`, () => refuses(name, row.from[0] ?? 'active', stale, given()));
  }

  test(`${name} of a missing item changes nothing`, async () => {
    const ledger = given();
    const absent = makeItem({ claim });
    assert.deepEqual(await ledger.move(name, absent, {}), { kind: 'behind', item: undefined });
    assert.equal(await ledger.read(absent), undefined);
  });
}

/** A writer with an outdated view of the item changes nothing, and gets the current item. */
async function refuses(name: TransitionName, from: State, stale: Partial<DeliveryItem>, ledger: Ledger): Promise<void> {
  const item = await put(ledger, { state: from });
  const answer = await ledger.move(name, { ...item, ...stale }, { attempt: 3 });
  assert.deepEqual(answer, { kind: 'behind', item });
  assert.deepEqual(await ledger.read(item), item);
}

function describeChanges(given: () => Ledger): void {
  test('a token does not fit an item without a claim', async () => {
    const ledger = given();
    const { claim: _, ...unclaimed } = makeItem({ state: 'delivering' });
    await ledger.admit(unclaimed);
    assert.equal((await ledger.move('finish', { ...unclaimed, claim }, {})).kind, 'behind');
    assert.equal((await ledger.move('finish', unclaimed, {})).kind, 'behind');
  });

  test('a repeated transition with its own mark is recognised, and with another mark it is outdated', async () => {
    const ledger = given();
    const seen = await put(ledger, { state: 'delivering' });
    const by = crypto.randomUUID();
    const first = await ledger.move('finish', seen, { due: null }, by);
    const second = await ledger.move('finish', seen, { due: null }, by);
    assert.deepEqual([first.kind, second.kind], ['moved', 'moved']);
    assert.deepEqual(second.item, first.item);
    assert.equal(second.item?.by, by);
    assert.equal((await ledger.move('finish', seen, { due: null }, crypto.randomUUID())).kind, 'behind');
  });

  test('of two workers that claim the same delivery one succeeds', async () => {
    const ledger = given();
    const seen = await put(ledger, { state: 'active' });
    const claims = await Promise.all(
      ['one', 'other'].map((token) => ledger.move('claim', seen, { claim: { token, until: 1 } })),
    );
    assert.deepEqual(claims.map(({ kind }) => kind).sort(), ['behind', 'moved']);
    const winner = claims.find(({ kind }) => kind === 'moved');
    assert.deepEqual(await ledger.read(seen), winner?.item);
  });

  test('a change to null removes an attribute, and other attributes stay', async () => {
    const ledger = given();
    const seen = await put(ledger, { state: 'delivering' });
    const changes: Changes = {
      claim: null,
      due: null,
      reason: 'why not',
      recipients: makeRecipients('carol@example.com'),
    };
    await ledger.move('finish', seen, changes);
    const item = await found(ledger, seen);
    assert.ok(!('claim' in item) && !('due' in item));
    const { sender, message, destination, group, arrival, attempt } = seen;
    const kept = { sender, message, destination, group, arrival, attempt, generation: 7 };
    const recipients = makeRecipients('carol@example.com');
    assert.partialDeepStrictEqual(item, { ...kept, state: 'done', reason: 'why not', recipients });
  });

  test('verdicts are stored unchanged, whatever a server replied', async () => {
    const ledger = given();
    const seen = await put(ledger, { state: 'delivering' });
    const last = { ...makeVerdict('deferred'), text: '452 \u{1f4ec} "full" \\ \u0001', inDoubt: true as const };
    const recipients = [{ address: 'bob@example.com', n: 0, last, doubt: { attempts: 2, since: 1, at: 2 } }];
    await ledger.move('defer', seen, { recipients });
    assert.deepEqual((await found(ledger, seen)).recipients, recipients);
  });
}

function describePending(given: () => Ledger): void {
  test('events are added to the pending ones', async () => {
    const ledger = given();
    const seen = await put(ledger, { state: 'delivering', pending: { e1: makeEvent('e1') } });
    await ledger.move('defer', seen, { pending: { e2: makeEvent('e2') } });
    assert.deepEqual((await found(ledger, seen)).pending, { e1: makeEvent('e1'), e2: makeEvent('e2') });
  });

  test('published events are removed one by one, any number of times, and a waiting delivery stays due', async () => {
    const ledger = given();
    const pending = { e1: makeEvent('e1'), e2: makeEvent('e2') };
    const item = await put(ledger, { state: 'deferred', pending });
    await ledger.forgetPending(item, ['e1']);
    await ledger.forgetPending(item, ['e1']);
    assert.deepEqual(await ledger.read(item), { ...item, pending: { e2: makeEvent('e2') } });
  });

  test('a finished delivery whose events are all published is not due any more', async () => {
    const ledger = given();
    const item = await put(ledger, { state: 'done', pending: { e1: makeEvent('e1') } });
    await ledger.forgetPending(item, ['e1']);
    const { due, pending } = await found(ledger, item);
    assert.deepEqual([due, pending], [undefined, {}]);
    assert.deepEqual(await dueItems(ledger, item.id), []);
  });

  test('a finished delivery without events is not due either', async () => {
    const ledger = given();
    const item = await put(ledger, { state: 'done' });
    await ledger.forgetPending(item, []);
    assert.deepEqual(await dueItems(ledger, item.id), []);
  });

  test('a writer that believes a live delivery to be finished does not remove it from the index', async () => {
    const ledger = given();
    const item = await put(ledger, { state: 'deferred', pending: { e1: makeEvent('e1') } });
    await ledger.forgetPending({ ...item, state: 'done' }, ['e1']);
    assert.deepEqual(await ledger.read(item), item);
    assert.equal((await dueItems(ledger, item.id)).length, 1);
  });
}

function describeDue(given: () => Ledger): void {
  test('due deliveries are found whatever their id, and no others', async () => {
    const ledger = given();
    const due = 500;
    const waiting = await Promise.all(Array.from({ length: 40 }, () => put(ledger, { state: 'deferred', due })));
    const later = await put(ledger, { state: 'deferred', due: due + 1 });
    const dueNow = await dueItems(ledger);
    for (const { id, delivery, state, generation, destination } of waiting) {
      assert.deepEqual(
        dueNow.filter((item) => item.id === id).map((item) => pick(item)),
        [{ id, delivery, state, generation, due, destination }],
      );
    }
    assert.ok(!dueNow.some(({ id }) => id === later.id));
  });

  test('a moved delivery is found at its new time, and one that is not due at all is not found', async () => {
    const ledger = given();
    const seen = await put(ledger, { state: 'deferred', due: 400 });
    const { item } = await ledger.move('activate', seen, { due: 450 });
    assert.deepEqual((await dueItems(ledger, seen.id)).map(pick), [pick({ ...seen, ...item, due: 450 })]);
    await ledger.move('finishUnclaimed', await found(ledger, item), { due: null });
    assert.deepEqual(await dueItems(ledger, seen.id), []);
  });
}

async function dueItems(ledger: Ledger, only?: string): Promise<readonly DueItem[]> {
  const before = only === undefined ? 500 : 5_000_000;
  const items = await Array.fromAsync(ledger.findDue(before));
  return items.filter((item) => item.state !== 'unreadable').filter(({ id }) => only === undefined || id === only);
}

function pick({ id, delivery, state, generation, due, destination }: DueItem): DueItem {
  return { id, delivery, state, generation, due, destination };
}
