import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type State, states, type Transition, transitions } from '../../functions/queue/states.ts';

const rows: readonly (readonly [string, Transition])[] = Object.entries(transitions);
const ends: readonly State[] = ['done', 'corrupt'];

/** Every state that a delivery can come to from one of these. */
function reachable(from: ReadonlySet<State>): ReadonlySet<State> {
  const next = rows.filter(([, row]) => row.from.some((state) => from.has(state))).map(([, { to }]) => to);
  const all = new Set([...from, ...next]);
  return all.size === from.size ? all : reachable(all);
}

const beginnings = rows.filter(([, { from }]) => from.length === 0);

describe('each way that a delivery can go', () => {
  for (const [name, { from, to, fence, when, by }] of rows) {
    test(`${name}: ${when}`, () => {
      assert.ok(states.includes(to));
      assert.ok(from.every((state) => states.includes(state)));
      assert.equal(new Set(from).size, from.length, 'a state is named twice');
      // What is not there yet can be fenced by nothing but its absence, and only that.
      assert.equal(fence === 'absent', from.length === 0);
      // A claim is known by its token, and nobody has one who has not claimed.
      if (fence === 'token') assert.deepEqual(from, ['delivering']);
      // The worker of a claimed delivery has its token; whoever moves it without one goes by the time.
      if (from.some((state) => state === 'delivering')) assert.ok(fence === 'token' || fence === 'time');
      // Nobody but the sweep may judge by time alone.
      assert.equal(fence === 'time', by === 'sweep');
      assert.ok(!from.some((state) => ends.includes(state)), 'an end is left');
    });
  }
});

test('done and corrupt are ends, every other state can be left', () => {
  for (const state of states) {
    const isLeft = rows.some(([, { from }]) => from.includes(state));
    assert.equal(isLeft, !ends.includes(state), state);
  }
});

test('every state is reached, from a request that is taken in', () => {
  assert.deepEqual([...reachable(new Set(beginnings.map(([, { to }]) => to)))].sort(), [...states].sort());
});

test('from every live state a delivery can still be done', () => {
  for (const state of states.filter((live) => !ends.includes(live))) {
    assert.ok(reachable(new Set([state])).has('done'), state);
  }
});

test('the generation rises with every way into active from a state of waiting, so that what was sent before is stale', () => {
  for (const [name, row] of rows) {
    const isWoken = row.to === 'active' && row.from.some((state) => state === 'deferred' || state === 'queued');
    assert.equal(row.raises === true, isWoken, name);
  }
});

test('content is sent in one state only, and only a claim leads there', () => {
  const intoDelivering = rows.filter(([, { from, to }]) => to === 'delivering' && !from.includes('delivering'));
  assert.deepEqual(
    intoDelivering.map(([name]) => name),
    ['claim'],
  );
});
