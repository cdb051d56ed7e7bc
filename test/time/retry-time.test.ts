import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retrySeconds } from '../../functions/time/retry-time.ts';

test('an unfinished message is visible again soon, then less and less often', () => {
  const times = [1, 2, 3, 4, 5, 6, 7, 8, 1000].map(retrySeconds);
  assert.deepEqual(times, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
});

test('a message without a receive count is visible again soon', () => {
  assert.deepEqual([0, -1, Number.NaN].map(retrySeconds), [5, 5, 5]);
});
