import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elapsed } from '../../functions/session/clock.ts';
import { type TimedStage, TimeLimits } from '../../functions/session/limit.ts';
import { limitsWith } from '../support/time-limits.ts';

describe('a wait ends with its own time-out or with our time, whichever comes first', () => {
  test('the stage sets it while there is time enough', () => {
    assert.deepEqual(limitsWith({ MAIL: 300 }, { left: () => 1000 }).limit('MAIL'), {
      milliseconds: 300,
      isDeadline: false,
    });
    assert.deepEqual(limitsWith({ MAIL: 300 }, { left: () => 300 }).limit('MAIL'), {
      milliseconds: 300,
      isDeadline: false,
    });
  });
  test('the deadline sets it when there is not', () => {
    assert.deepEqual(limitsWith({ MAIL: 300 }, { left: () => 299 }).limit('MAIL'), {
      milliseconds: 299,
      isDeadline: true,
    });
    assert.equal(limitsWith({ MAIL: 300 }, { left: () => -5 }).limit('MAIL').isDeadline, true);
  });
  test('a time-out of 0 is none, and then only the deadline counts', () => {
    assert.deepEqual(limitsWith({ connect: 0 }, { left: () => 5 }).limit('connect'), {
      milliseconds: 5,
      isDeadline: true,
    });
    assert.deepEqual(limitsWith({ connect: 0 }).limit('connect'), {
      milliseconds: Number.POSITIVE_INFINITY,
      isDeadline: false,
    });
  });
  test('whoever wants to know is told where the deadline cut in', () => {
    const clamped: TimedStage[] = [];
    const patient = {
      connect: 0,
      greeting: 9,
      LHLO: 9,
      STARTTLS: 9,
      AUTH: 9,
      MAIL: 9,
      RCPT: 9,
      DATA: 9,
      content: 9,
      dot: 99,
      'next dot': 9,
      RSET: 9,
      QUIT: 9,
    };
    const limits = new TimeLimits(patient, { left: () => 50 }, (stage) => clamped.push(stage));
    for (const stage of ['MAIL', 'dot', 'RSET'] as const) limits.limit(stage);
    assert.deepEqual(clamped, ['dot']);
  });
});

test('time has passed as far as the clock says that went further', () => {
  const since = { wall: 1000, monotonic: 10 };
  assert.equal(elapsed(since, { wall: 1500, monotonic: 20 }), 500);
  assert.equal(elapsed(since, { wall: 1000, monotonic: 310 }), 300);
  assert.equal(elapsed(since, { wall: 0, monotonic: 60 }), 50);
});
