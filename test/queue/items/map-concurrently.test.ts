/** Many actions, some concurrent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { mapConcurrently } from '../../../functions/queue/items/map-concurrently.ts';

test('results come in order, whichever is ready first, and the concurrency stays within the limit', async () => {
  let underWay = 0;
  let most = 0;
  const act = async (n: number) => {
    underWay += 1;
    most = Math.max(most, underWay);
    for (let left = 10 - n; left > 0; left -= 1) await turn();
    underWay -= 1;
    return n;
  };
  const answers = await Array.fromAsync(mapConcurrently([0, 1, 2, 3, 4, 5, 6, 7], 3, act));
  assert.deepEqual([answers, most], [[0, 1, 2, 3, 4, 5, 6, 7], 3]);
});

test('nothing is read from the source before there is room for it', async () => {
  let taken = 0;
  function* source() {
    for (;;) {
      taken += 1;
      yield taken;
    }
  }
  for await (const one of mapConcurrently(source(), 4, async (n) => n)) if (one === 10) break;
  assert.equal(taken, 13);
});

test('a failure is thrown in its turn, after all started actions have ended', async () => {
  let ended = 0;
  const act = async (n: number) => {
    await turn();
    ended += 1;
    if (n === 1) throw new Error('the second');
    return n;
  };
  const answers: number[] = [];
  await assert.rejects(async () => {
    for await (const one of mapConcurrently([0, 1, 2, 3, 4, 5], 3, act)) answers.push(one);
  }, /the second/);
  assert.deepEqual([answers, ended], [[0], 4]);
});
