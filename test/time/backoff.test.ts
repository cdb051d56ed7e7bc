import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { backoff, isExpired, isWarningDue } from '../../functions/time/backoff.ts';

const second = 1000;
const times = {
  minimal_backoff_time: 300 * second,
  maximal_backoff_time: 4000 * second,
  maximal_queue_lifetime: 432_000 * second,
  bounce_queue_lifetime: 86_400 * second,
  delay_warning_time: 0,
  retry_jitter: 0,
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
    assert.equal(backoff(0, age * second, times, 0), wait * second, `${age} s old`);
  }
});

/** Returns when a message that is always deferred is tried, in seconds after its arrival, until it expires. */
function attempts(): readonly number[] {
  const tried: number[] = [];
  for (let now = 0; ; now += backoff(0, now, times, 0)) {
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

describe('a message that was just deferred has expired', () => {
  const expired = (age: number, sender = 'alice@x', given = times) =>
    isExpired({ arrival: 0, sender }, age * second, given);
  test('from the end of its lifetime on', () => {
    assert.deepEqual([expired(431_999), expired(432_000), expired(432_001)], [false, true, true]);
  });
  test('earlier if it is a bounce itself', () => {
    assert.deepEqual([expired(86_399, ''), expired(86_400, '')], [false, true]);
  });
  test('at once if the lifetime is 0', () => {
    assert.equal(expired(0, 'alice@x', { ...times, maximal_queue_lifetime: 0 }), true);
  });
  test('but not before its arrival, whatever the clock says', () => {
    assert.equal(expired(-10), false);
  });
});

describe('with retry_jitter, waits', () => {
  const jittery = { ...times, retry_jitter: 15 };
  const range = (age: number, given = jittery) =>
    [0, 0.5, 0.999_999].map((chance) => Math.round(backoff(0, age * second, given, chance) / second));

  test('are lengthened at random, by up to that many per cent', () => {
    assert.deepEqual(range(10), [300, 323, 345]);
    assert.deepEqual(range(1000), [1000, 1075, 1150]);
  });
  test('are shortened if they may not be longer', () => {
    assert.deepEqual(range(100_000), [3478, 3739, 4000]);
    assert.deepEqual(range(3900), [3478, 3739, 4000]);
  });
  test('stay unchanged if both limits are the same', () => {
    const fixed = { ...jittery, minimal_backoff_time: 600 * second, maximal_backoff_time: 600 * second };
    assert.deepEqual(range(10, fixed), [600, 600, 600]);
  });
  test('spread simultaneous failures over the whole range', () => {
    const waits = Array.from({ length: 1000 }, (_, n) => backoff(0, 0, jittery, n / 1000));
    assert.ok(new Set(waits).size > 990);
  });
});

describe('a warning is due', () => {
  const warned = { ...times, delay_warning_time: 14_400 * second };
  const isDue = (age: number, given: { sender?: string; warned?: number } = {}, among = warned) =>
    isWarningDue({ arrival: 0, sender: 'alice@x', ...given }, age * second, among);

  test('from its time on, and one second before', () => {
    assert.deepEqual([isDue(14_398), isDue(14_399), isDue(14_400), isDue(100_000)], [false, true, true, true]);
  });
  test('once', () => assert.equal(isDue(100_000, { warned: 1 }), false));
  test('never for the null sender', () => assert.equal(isDue(100_000, { sender: '' }), false));
  test('never if no recipient asked for warnings', () => assert.equal(isDue(100_000, {}, times), false));
});

test('no wait is outside its bounds, and none is shorter for an older message', () => {
  fc.assert(
    fc.property(
      fc.nat(10_000_000),
      fc.nat(10_000_000),
      fc.nat(100),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (age, more, retry_jitter, chance) => {
        const given = { ...times, retry_jitter };
        const [earlier, later] = [backoff(0, age, given, chance), backoff(0, age + more, given, chance)];
        assert.ok(earlier >= times.minimal_backoff_time && later <= times.maximal_backoff_time && earlier <= later);
      },
    ),
  );
});
