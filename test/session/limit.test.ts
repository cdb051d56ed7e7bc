import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stageTimeouts } from '../../functions/delivery/stage-timeouts.ts';
import { parseParameters } from '../../functions/parameters/parameters.ts';
import {
  deadlineAfter,
  invocationDeadline,
  noDeadline,
  silenceThatCounts,
  TimeBudget,
  type TimedStage,
  TimeLimits,
} from '../../functions/session/limit.ts';
import { elapsed } from '../../functions/time/clock.ts';
import { fixedDeadline, limitsWith, timedStages } from '../support/time-limits.ts';

const second = 1000;
const defaults = stageTimeouts(parseParameters({}));

/** The limits that the defaults have in a function of `whole` seconds with `left` seconds left. */
function limitsOf(whole: number, left: number, given: Readonly<Record<string, string>> = {}): TimeLimits {
  return new TimeLimits(stageTimeouts(parseParameters(given)), fixedDeadline(left * second, whole * second));
}

describe('a wait ends with its own time-out or with our deadline, whichever comes first', () => {
  test('the stage sets it while there is enough time', () => {
    for (const left of [300, 1000]) {
      const limits = limitsWith({ MAIL: 300 }, fixedDeadline(left));
      assert.deepEqual(limits.limit('MAIL'), { milliseconds: 300, isDeadline: false });
    }
  });
  test('the deadline sets it otherwise', () => {
    const limits = limitsWith({ MAIL: 300 }, fixedDeadline(299));
    assert.deepEqual(limits.limit('MAIL'), { milliseconds: 299, isDeadline: true });
    for (const left of [0, -5]) {
      assert.equal(limitsWith({ MAIL: 300 }, fixedDeadline(left, 1)).limit('MAIL').isDeadline, true, `${left} ms left`);
    }
  });
  test('a time-out of 0 means none, and then only the deadline counts', () => {
    assert.deepEqual(limitsWith({ connect: 0 }, fixedDeadline(5)).limit('connect'), {
      milliseconds: 5,
      isDeadline: true,
    });
    assert.deepEqual(limitsWith({ connect: 0 }).limit('connect'), {
      milliseconds: Number.POSITIVE_INFINITY,
      isDeadline: false,
    });
  });
});

describe('silence until the deadline is a time-out of the server', () => {
  const cases: readonly [number, TimedStage, number][] = [
    [900, 'greeting', 60],
    [900, 'dot', 120],
    [300, 'MAIL', 60],
    [300, 'dot', 120],
    [60, 'greeting', 20],
    [60, 'content', 20],
    [60, 'dot', 30],
    [30, 'RCPT', 10],
    [30, 'dot', 15],
  ];
  for (const [whole, stage, silence] of cases) {
    test(`if it lasted ${silence} s at ${stage} in a function of ${whole} s, and not if it was shorter`, () => {
      assert.equal(silenceThatCounts(stage, whole * second), silence * second);
      const enough = limitsOf(whole, silence).limit(stage);
      assert.deepEqual(enough, { milliseconds: silence * second, isDeadline: false });
      const short = limitsOf(whole, silence - 0.001).limit(stage);
      assert.deepEqual(short, { milliseconds: silence * second - 1, isDeadline: true });
    });
  }

  test('and a server that is slow after the dot is waited for until then', () => {
    assert.equal(limitsOf(300, 270).limit('dot').milliseconds, 270 * second);
    assert.equal(limitsOf(300, 270).limit('greeting').milliseconds, 270 * second);
  });

  test('never without a deadline', () => {
    for (const stage of timedStages) {
      assert.equal(silenceThatCounts(stage, noDeadline.whole), stage.endsWith('dot') ? 120_000 : 60_000);
      const milliseconds = defaults[stage];
      assert.deepEqual(new TimeLimits(defaults, noDeadline).limit(stage), { milliseconds, isDeadline: false });
    }
  });
});

describe('a wait that outlasts the function is cut to the silence that counts', () => {
  test('for a connection and for TLS, where a healthy server is never silent for so long', () => {
    const limits = limitsOf(300, 270, { lmtp_connect_timeout: '0' });
    for (const stage of ['connect', 'STARTTLS'] as const) {
      assert.deepEqual(limits.limit(stage), { milliseconds: 60_000, isDeadline: false });
    }
    assert.equal(limitsOf(30, 25).limit('connect').milliseconds, 10_000);
  });
  test('unless the time-out itself comes first', () => {
    assert.equal(limitsOf(300, 270, { lmtp_connect_timeout: '100s' }).limit('connect').milliseconds, 100_000);
    assert.equal(limitsOf(60, 55).limit('connect').milliseconds, 30_000);
  });
  test('before MAIL if the time-out would leave too little time for another host', () => {
    const connecting = (whole: number, left: number) =>
      new TimeLimits(defaults, fixedDeadline(left * second, whole * second), { hasOtherHosts: true }).limit('connect');
    assert.deepEqual(connecting(45, 40), { milliseconds: 15_000, isDeadline: false });
    assert.deepEqual(connecting(45, 45), { milliseconds: 30_000, isDeadline: false });
    assert.deepEqual(connecting(300, 32), { milliseconds: 30_000, isDeadline: false });
  });
  test('before MAIL if another host can be tried, and never after it', () => {
    const limits = new TimeLimits(defaults, fixedDeadline(270_000, 300_000), { hasOtherHosts: true });
    const cut = timedStages.filter((stage) => limits.limit(stage).milliseconds === 60_000);
    assert.deepEqual(cut, ['greeting', 'LHLO', 'STARTTLS', 'AUTH', 'next dot']);
    assert.equal(defaults['next dot'], 60_000);
    assert.equal(limits.limit('MAIL').milliseconds, 270_000);
  });
});

describe('there is enough time to begin', () => {
  const begins = (whole: number, left: number, given: Readonly<Record<string, string>> = {}) =>
    limitsOf(whole, left, given).hasTimeToBegin;
  test('if a server that hangs after the dot could still be detected', () => {
    assert.deepEqual([begins(300, 120), begins(300, 119.999)], [true, false]);
    assert.deepEqual([begins(900, 120), begins(900, 119.999)], [true, false]);
    assert.deepEqual([begins(60, 30), begins(60, 29.999)], [true, false]);
  });
  test('for as long as the time-outs themselves, if these are shorter', () => {
    const quick = { lmtp_data_done_timeout: '10s', lmtp_connect_timeout: '5s' };
    assert.deepEqual([begins(300, 60, quick), begins(300, 59.999, quick)], [true, false]);
  });
  test('with another host, if a server that hangs before the dot could still be detected', () => {
    const next = (whole: number, left: number) => limitsOf(whole, left).hasTimeForNextHost;
    assert.deepEqual([next(300, 60), next(300, 59.999)], [true, false]);
    assert.deepEqual([next(60, 20), next(60, 19.999)], [true, false]);
  });
  test('always without a deadline', () => {
    const limits = new TimeLimits({ ...defaults, connect: 0 }, noDeadline);
    assert.deepEqual([limits.hasTimeToBegin, limits.hasTimeForNextHost], [true, true]);
  });
  for (const seconds of [3, 6, 8, 15, 30, 60, 300, 900]) {
    test(`at the beginning of a function of ${seconds} s`, () => {
      let remaining = seconds * second;
      const reserve = Math.min(5 * second, remaining / 2);
      const deadline = invocationDeadline(() => remaining, reserve);
      // Time passes until the first delivery has been read.
      remaining -= 100;
      assert.equal(new TimeLimits(defaults, deadline).hasTimeToBegin, true);
    });
  }
});

test('the deadline of an invocation knows the whole time-out of the function', () => {
  let remaining = 60_000;
  const deadline = invocationDeadline(() => remaining, 5000);
  remaining -= 10_000;
  assert.deepEqual([deadline.whole, deadline.left()], [60_000, 45_000]);
  assert.deepEqual([invocationDeadline(() => 8000, 5000).whole, invocationDeadline(() => 2000, 5000).whole], [4500, 0]);
});

test('a deadline after some time counts from now', () => {
  let now = 7;
  const deadline = deadlineAfter(100, () => now);
  now = 50;
  assert.deepEqual([deadline.whole, deadline.left()], [100, 57]);
});

test('a budget ends at the deadline, and then the expired time is our own', () => {
  let now = 0;
  const budget = new TimeBudget({ milliseconds: 100, isDeadline: false }, { now: () => now, latest: 150 });
  now = 40;
  budget.earn(20);
  assert.deepEqual(budget.remaining(), { milliseconds: 80, isDeadline: false });
  now = 100;
  budget.earn(1000);
  assert.deepEqual(budget.remaining(), { milliseconds: 50, isDeadline: true });
});

test('the elapsed time is that of the clock that advanced further', () => {
  const since = { wall: 1000, monotonic: 10 };
  assert.equal(elapsed(since, { wall: 1500, monotonic: 20 }), 500);
  assert.equal(elapsed(since, { wall: 1000, monotonic: 310 }), 300);
  assert.equal(elapsed(since, { wall: 0, monotonic: 60 }), 50);
});
