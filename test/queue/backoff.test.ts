import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { backoff, isExpired } from '../../functions/queue/backoff.ts';

const second = 1000;
const times = {
  minimal_backoff_time: 300 * second,
  maximal_backoff_time: 4000 * second,
  maximal_queue_lifetime: 432_000 * second,
  bounce_queue_lifetime: 86_400 * second,
};

test('a message waits as long as it is old, no less than 300 s and no more than 4000 s', () => {
  for (const [age, wait] of [
    [0, 300],
    [1, 300],
    [300, 300],
    [301, 301],
    [3999, 3999],
    [4001, 4000],
    [1_000_000, 4000],
    [-60, 300],
  ] as const) {
    assert.equal(backoff(0, age * second, times), wait * second, `${age} s old`);
  }
});

/** When a message that is always deferred is tried, in seconds after its arrival, until it expires. */
function attempts(): readonly number[] {
  const tried: number[] = [];
  for (let now = 0; ; now += backoff(0, now, times)) {
    tried.push(now / second);
    if (isExpired({ arrival: 0, sender: 'alice@x' }, now, times)) return tried;
  }
}

test('attempts follow at 300, 600, 1200, 2400, 4800 s, then every 4000 s, 113 or so in five days', () => {
  const tried = attempts();
  assert.deepEqual(tried.slice(0, 9), [0, 300, 600, 1200, 2400, 4800, 8800, 12_800, 16_800]);
  assert.ok(tried.length >= 112 && tried.length <= 114, `${tried.length} attempts`);
  assert.ok((tried.at(-1) ?? 0) >= 432_000);
});

describe('a message that was just deferred has been tried long enough', () => {
  const expired = (age: number, sender = 'alice@x', given = times) =>
    isExpired({ arrival: 0, sender }, age * second, given);
  test('from the end of its lifetime on', () => {
    assert.deepEqual([expired(431_999), expired(432_000), expired(432_001)], [false, true, true]);
  });
  test('earlier if it is a bounce itself', () => {
    assert.deepEqual([expired(86_399, ''), expired(86_400, '')], [false, true]);
  });
  test('at once where the lifetime is 0', () => {
    assert.equal(expired(0, 'alice@x', { ...times, maximal_queue_lifetime: 0 }), true);
  });
  test('but not before its arrival, whatever the clock says', () => {
    assert.equal(expired(-10), false);
  });
});

test('no wait is outside its bounds, and none is shorter for an older message', () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), fc.nat(10_000_000), (age, more) => {
      const [earlier, later] = [backoff(0, age, times), backoff(0, age + more, times)];
      assert.ok(earlier >= times.minimal_backoff_time && later <= times.maximal_backoff_time && earlier <= later);
    }),
  );
});
