import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type State, states, type Transition, targetOf, transitions } from '../../../functions/queue/items/states.ts';

const rows: readonly (readonly [string, Transition])[] = Object.entries(transitions);
/** States without a transition out of them. */
const ends: readonly State[] = ['done', 'corrupt'];

/** Every state that a delivery can reach from one of these. */
function reachable(from: ReadonlySet<State>): ReadonlySet<State> {
  const next = rows.flatMap(([, row]) =>
    row.from.filter((state) => from.has(state)).map((state) => targetOf(row, state)),
  );
  const all = new Set([...from, ...next]);
  return all.size === from.size ? all : reachable(all);
}

const beginnings = rows.filter(([, { from }]) => from.length === 0);

/** The states after admission. */
const firstStates = new Set(beginnings.flatMap(([, { to }]) => states.filter((state) => state === to)));

/** Whether only operators use this transition. */
function isByOperator({ by }: Transition): boolean {
  return by.every((mover) => mover === 'operator');
}

describe('each transition of a delivery', () => {
  for (const [name, row] of rows) {
    const { from, to, fence, when, by } = row;
    test(`${name}: ${when}`, () => {
      assert.ok(to === 'unchanged' || states.includes(to));
      assert.ok(from.every((state) => states.includes(state)));
      assert.equal(new Set(from).size, from.length, 'a state is named twice');
      // A missing item can be fenced only by its absence, and an existing one only otherwise.
      assert.equal(fence === 'absent', from.length === 0);
      // A claim is identified by its token, which only a claimed delivery has.
      if (fence === 'token') assert.deepEqual(from, ['delivering']);
      // The worker of a claimed delivery has its token; any other transition from there depends on the time.
      const takesFromWorker = from.some((state) => state === 'delivering') && to !== 'unchanged' && to !== 'delivering';
      if (takesFromWorker) assert.ok(fence === 'token' || fence === 'time');
      // Only the sweep may decide by time alone.
      assert.equal(fence === 'time', by.length === 1 && by[0] === 'sweep');
      // An operator has seen the item, and changes what was shown.
      assert.equal(fence === 'mark', by.includes('operator'));
      // Functions leave no end state, and nothing leaves done.
      assert.ok(
        !from.some((state) => state === 'done' || (state === 'corrupt' && !isByOperator(row))),
        'an end is left',
      );
    });
  }
});

test('done is final; only an operator moves a corrupt delivery; every other state can be left', () => {
  for (const state of states) {
    const leaving = rows.filter(([, { from }]) => from.includes(state));
    assert.equal(leaving.length > 0, state !== 'done', state);
    assert.equal(
      leaving.some(([, row]) => !isByOperator(row)),
      !ends.includes(state),
      state,
    );
  }
});

test('every state can be reached from an admitted request', () => {
  assert.deepEqual([...reachable(firstStates)].sort(), [...states].sort());
});

test('every state can still lead to done', () => {
  for (const state of states) assert.ok(reachable(new Set([state])).has('done'), state);
});

test('without an operator, every delivery that is not held reaches an end', () => {
  const functionsOnly = rows.filter(([, { by }]) => by.some((mover) => mover !== 'operator'));
  for (const state of states.filter((live) => !ends.includes(live))) {
    assert.ok(
      functionsOnly.some(([, { from, to }]) => from.includes(state) && to !== state && to !== 'unchanged'),
      state,
    );
  }
});

test('the generation rises with every transition into active, and with every operator change, so that earlier messages are stale', () => {
  for (const [name, row] of rows) {
    const isWoken = row.to === 'active' && row.from.some((state) => state === 'deferred' || state === 'queued');
    const isMovedByHand = row.by.includes('operator') && row.to !== 'unchanged';
    assert.equal(row.raises === true, isWoken || isMovedByHand, name);
  }
});

test('a transition into active or out of the queue by an operator has a new generation: an old message never finds the item unchanged', () => {
  for (const [name, { from, to, raises, by }] of rows) {
    if (by.includes('operator') && from.some((state) => state === 'active')) assert.ok(raises, name);
    // A delivery that stays in its state stays valid for the messages that were sent for it.
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
