/**
 * What every ledger promises, whatever it is made of: one suite, for the table in DynamoDB and for the one in memory.
 */
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

/** The transitions that move an item that is there. */
const moves = (Object.entries(transitions) as [TransitionName, Transition][]).filter(
  ([, { fence }]) => fence !== 'absent',
);

/** What each fence keeps out. */
const behind: Readonly<
  Record<Exclude<Transition['fence'], 'absent'>, Readonly<Record<string, Partial<DeliveryItem>>>>
> = {
  generation: { 'an older generation': { generation: 6 }, 'a later generation': { generation: 8 } },
  token: {
    "somebody else's token": { claim: { ...claim, token: 'theirs' } },
    'an empty token': { claim: { ...claim, token: '' } },
    'an earlier write': { by: 'an earlier write' },
  },
  time: { 'an earlier due time': { due: 1_999_999 }, 'an earlier write': { by: 'an earlier write' } },
  mark: { 'an earlier write': { by: 'an earlier write' } },
};

/** Declares the tests. `ledger` is asked for at each test, when it has been made. */
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

/** Puts an item of any state in. */
async function put(ledger: Ledger, given: Partial<DeliveryItem> = {}): Promise<DeliveryItem> {
  const moved = await ledger.admit(makeItem({ generation: 7, claim, ...given }));
  assert.equal(moved.kind, 'moved');
  return await found(ledger, moved.item);
}

/** The item as it is now. */
async function found(ledger: Ledger, key: DeliveryItem | undefined): Promise<DeliveryItem> {
  const item = key === undefined ? undefined : await ledger.read(key);
  assert.ok(item !== undefined);
  return item;
}

function describeAdmission(given: () => Ledger): void {
  test('what was put in is there', async () => {
    const ledger = given();
    const item = makeItem({ dsn: { ret: 'HDRS' }, pending: { e1: makeEvent('e1') } });
    assert.equal((await ledger.admit(item)).kind, 'moved');
    assert.partialDeepStrictEqual(await ledger.read(item), item);
  });

  test('what was never put in is not there', async () => {
    assert.equal(await given().read({ id: 'never', delivery: '0000' }), undefined);
    assert.deepEqual(await given().readAll('never'), []);
  });

  test('a key that no table takes is an error', async () => {
    for (const id of ['', 'x'.repeat(2049)]) {
      await assert.rejects(given().read({ id, delivery: '0000' }), { name: 'ValidationException' });
      await assert.rejects(given().admit(makeItem({ id })), { name: 'ValidationException' });
    }
  });

  test('a second item under the same key is answered with the first, which stays', async () => {
    const ledger = given();
    const first = await put(ledger);
    const second = await ledger.admit(makeItem({ id: first.id, requestHash: 'another' }));
    assert.deepEqual(second, { kind: 'behind', item: first });
    assert.deepEqual(await ledger.read(first), first);
  });

  test('the very same item put in again is recognised', async () => {
    const ledger = given();
    const item = makeItem();
    await ledger.admit(item);
    assert.equal((await ledger.admit(item)).kind, 'moved');
  });

  test('the deliveries of a request come together, in their order', async () => {
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
  test('the deliveries of a request are read back from the last one, as far as one likes', async () => {
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
    test(`${name} takes an item from ${from} to ${targetOf(row, from)}`, async () => {
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
    test(`${name} keeps out whoever comes with ${what}`, () => refuses(name, row.from[0] ?? 'active', stale, given()));
  }

  test(`${name} of an item that is not there changes nothing`, async () => {
    const ledger = given();
    const absent = makeItem({ claim });
    assert.deepEqual(await ledger.move(name, absent, {}), { kind: 'behind', item: undefined });
    assert.equal(await ledger.read(absent), undefined);
  });
}

/** Whoever saw the item otherwise than it is changes nothing, and learns what it is. */
async function refuses(name: TransitionName, from: State, stale: Partial<DeliveryItem>, ledger: Ledger): Promise<void> {
  const item = await put(ledger, { state: from });
  const answer = await ledger.move(name, { ...item, ...stale }, { attempt: 3 });
  assert.deepEqual(answer, { kind: 'behind', item });
  assert.deepEqual(await ledger.read(item), item);
}

function describeChanges(given: () => Ledger): void {
  test('a token is of no use on an item that nobody has claimed', async () => {
    const ledger = given();
    const { claim: _, ...unclaimed } = makeItem({ state: 'delivering' });
    await ledger.admit(unclaimed);
    assert.equal((await ledger.move('finish', { ...unclaimed, claim }, {})).kind, 'behind');
    assert.equal((await ledger.move('finish', unclaimed, {})).kind, 'behind');
  });

  test('a move that is repeated under its own mark is recognised, and under another one it is behind', async () => {
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

  test('of two who claim the same delivery one is let through', async () => {
    const ledger = given();
    const seen = await put(ledger, { state: 'active' });
    const claims = await Promise.all(
      ['one', 'other'].map((token) => ledger.move('claim', seen, { claim: { token, until: 1 } })),
    );
    assert.deepEqual(claims.map(({ kind }) => kind).sort(), ['behind', 'moved']);
    const winner = claims.find(({ kind }) => kind === 'moved');
    assert.deepEqual(await ledger.read(seen), winner?.item);
  });

  test('a change to null takes an attribute away, and what is not named stays', async () => {
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

  test('verdicts are kept as they are, whatever a server said', async () => {
    const ledger = given();
    const seen = await put(ledger, { state: 'delivering' });
    const last = { ...makeVerdict('deferred'), text: '452 \u{1f4ec} "full" \\ \u0001', inDoubt: true as const };
    const recipients = [{ address: 'bob@example.com', n: 0, last, doubt: { attempts: 2, since: 1, at: 2 } }];
    await ledger.move('defer', seen, { recipients });
    assert.deepEqual((await found(ledger, seen)).recipients, recipients);
  });
}

function describePending(given: () => Ledger): void {
  test('events are added to those that are still pending', async () => {
    const ledger = given();
    const seen = await put(ledger, { state: 'delivering', pending: { e1: makeEvent('e1') } });
    await ledger.move('defer', seen, { pending: { e2: makeEvent('e2') } });
    assert.deepEqual((await found(ledger, seen)).pending, { e1: makeEvent('e1'), e2: makeEvent('e2') });
  });

  test('published events are forgotten one by one, as often as one likes, and a waiting delivery stays due', async () => {
    const ledger = given();
    const pending = { e1: makeEvent('e1'), e2: makeEvent('e2') };
    const item = await put(ledger, { state: 'deferred', pending });
    await ledger.forgetPending(item, ['e1']);
    await ledger.forgetPending(item, ['e1']);
    assert.deepEqual(await ledger.read(item), { ...item, pending: { e2: makeEvent('e2') } });
  });

  test('a finished delivery whose events are all out needs nobody any more', async () => {
    const ledger = given();
    const item = await put(ledger, { state: 'done', pending: { e1: makeEvent('e1') } });
    await ledger.forgetPending(item, ['e1']);
    const { due, pending } = await found(ledger, item);
    assert.deepEqual([due, pending], [undefined, {}]);
    assert.deepEqual(await dueItems(ledger, item.id), []);
  });

  test('a finished delivery that never had events needs nobody either', async () => {
    const ledger = given();
    const item = await put(ledger, { state: 'done' });
    await ledger.forgetPending(item, []);
    assert.deepEqual(await dueItems(ledger, item.id), []);
  });

  test('whoever takes a live delivery for finished does not take it out of sight', async () => {
    const ledger = given();
    const item = await put(ledger, { state: 'deferred', pending: { e1: makeEvent('e1') } });
    await ledger.forgetPending({ ...item, state: 'done' }, ['e1']);
    assert.deepEqual(await ledger.read(item), item);
    assert.equal((await dueItems(ledger, item.id)).length, 1);
  });
}

function describeDue(given: () => Ledger): void {
  test('what falls due is found whatever its id, and nothing else is', async () => {
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

  test('what was moved is found at its new time, and what needs nobody is not found', async () => {
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
