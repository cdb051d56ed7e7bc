import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type State, states, type Transition, targetOf, transitions } from '../../../functions/queue/items/states.ts';

const rows: readonly (readonly [string, Transition])[] = Object.entries(transitions);
/** States that no function leads out of. */
const ends: readonly State[] = ['done', 'corrupt'];

/** Every state that a delivery can come to from one of these. */
function reachable(from: ReadonlySet<State>): ReadonlySet<State> {
  const next = rows.flatMap(([, row]) =>
    row.from.filter((state) => from.has(state)).map((state) => targetOf(row, state)),
  );
  const all = new Set([...from, ...next]);
  return all.size === from.size ? all : reachable(all);
}

const beginnings = rows.filter(([, { from }]) => from.length === 0);

/** Where the beginnings lead. */
const firstStates = new Set(beginnings.flatMap(([, { to }]) => states.filter((state) => state === to)));

/** Whether only people go that way. */
function isByHand({ by }: Transition): boolean {
  return by.every((mover) => mover === 'operator');
}

describe('each way that a delivery can go', () => {
  for (const [name, row] of rows) {
    const { from, to, fence, when, by } = row;
    test(`${name}: ${when}`, () => {
      assert.ok(to === 'unchanged' || states.includes(to));
      assert.ok(from.every((state) => states.includes(state)));
      assert.equal(new Set(from).size, from.length, 'a state is named twice');
      // What is not there yet can be fenced by nothing but its absence, and only that.
      assert.equal(fence === 'absent', from.length === 0);
      // A claim is known by its token, and nobody has one who has not claimed.
      if (fence === 'token') assert.deepEqual(from, ['delivering']);
      // The worker of a claimed delivery has its token; whoever moves it without one goes by the time.
      const takesFromWorker = from.some((state) => state === 'delivering') && to !== 'unchanged' && to !== 'delivering';
      if (takesFromWorker) assert.ok(fence === 'token' || fence === 'time');
      // Nobody but the sweep may judge by time alone.
      assert.equal(fence === 'time', by.length === 1 && by[0] === 'sweep');
      // A person has seen the item, and changes what he saw.
      assert.equal(fence === 'mark', by.includes('operator'));
      // No function leaves an end, and nobody leaves what is done.
      assert.ok(!from.some((state) => state === 'done' || (state === 'corrupt' && !isByHand(row))), 'an end is left');
    });
  }
});

test('done is the end; corrupt is left by hand alone; every other state can be left', () => {
  for (const state of states) {
    const leaving = rows.filter(([, { from }]) => from.includes(state));
    assert.equal(leaving.length > 0, state !== 'done', state);
    assert.equal(
      leaving.some(([, row]) => !isByHand(row)),
      !ends.includes(state),
      state,
    );
  }
});

test('every state is reached, from a request that is taken in', () => {
  assert.deepEqual([...reachable(firstStates)].sort(), [...states].sort());
});

test('from every state a delivery can still be done', () => {
  for (const state of states) assert.ok(reachable(new Set([state])).has('done'), state);
});

test('without a person, whatever is not held comes to an end', () => {
  const functionsOnly = rows.filter(([, { by }]) => by.some((mover) => mover !== 'operator'));
  for (const state of states.filter((live) => !ends.includes(live))) {
    assert.ok(
      functionsOnly.some(([, { from, to }]) => from.includes(state) && to !== state && to !== 'unchanged'),
      state,
    );
  }
});

test('the generation rises with every way into active, and with everything that a person moves, so that what was sent before is stale', () => {
  for (const [name, row] of rows) {
    const isWoken = row.to === 'active' && row.from.some((state) => state === 'deferred' || state === 'queued');
    const isMovedByHand = row.by.includes('operator') && row.to !== 'unchanged';
    assert.equal(row.raises === true, isWoken || isMovedByHand, name);
  }
});

test('a delivery is put into active, or taken out by hand, under a new generation: an old message never finds it as it left it', () => {
  for (const [name, { from, to, raises, by }] of rows) {
    if (by.includes('operator') && from.some((state) => state === 'active')) assert.ok(raises, name);
    // What stays where it is stays behind the messages that were sent for it.
    if (to === 'unchanged') assert.ok(!from.some((state) => state === 'active'), name);
  }
});

test('content is sent in one state only, and only a claim leads there', () => {
  const intoDelivering = rows.filter(([, { from, to }]) => to === 'delivering' && !from.includes('delivering'));
  assert.deepEqual(
    intoDelivering.map(([name]) => name),
    ['claim'],
  );
});
