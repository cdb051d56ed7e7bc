import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  afterFailure,
  afterNoResult,
  afterSuccess,
  isDoubted,
  isUnproven,
  newTrial,
  openSlots,
  trialLimit,
  trialsEnd,
  trialsUnderWay,
  unlistedEnd,
  type WindowLimits,
  windowMemory,
  withTrial,
} from '../../../functions/queue/destinations/window.ts';
import { type DestinationRecord, emptyRecord } from '../../../functions/queue/items/destination-record.ts';

const limits: WindowLimits = {
  lmtp_initial_destination_concurrency: 5,
  lmtp_destination_concurrency_limit: 20,
  lmtp_destination_concurrency_failed_cohort_limit: 1,
  minimal_backoff_time: 300_000,
  lmtp_connect_timeout: 30_000,
};
const now = 1_000_000;
const failure = { status: '4.4.1', text: 'connect to mail.test[10.0.0.1]:24: Connection refused' } as const;
const probe = { token: 'ours', until: now + 60_000 };

/** A record with a window of that size and at least one success. */
function withWindow(size: number): DestinationRecord {
  const window = { size, failedCohorts: 0, failure: 0, failures: 0, succeededAt: now, at: now };
  return { ...emptyRecord('inet:mail.test:24'), window };
}

function fail(record: DestinationRecord, given: Partial<WindowLimits> = {}, at = now): DestinationRecord {
  return afterFailure(record, { ...limits, ...given }, { now: at }, failure) ?? record;
}

function succeed(record: DestinationRecord, isWanted = true, at = now): DestinationRecord {
  return afterSuccess(record, limits, { now: at }, isWanted) ?? record;
}

/** Fails until the destination is dead; returns the windows on the way. */
function failToDeath(from: DestinationRecord): readonly number[] {
  const sizes: number[] = [];
  for (let record = from; record.suspension === undefined; record = fail(record)) {
    sizes.push(openSlots(record, limits, now));
    assert.ok(sizes.length < 100);
  }
  return sizes;
}

describe('the window of a destination', () => {
  test('begins with lmtp_initial_destination_concurrency, and is never above the limit', () => {
    const fresh = emptyRecord('x');
    assert.equal(openSlots(fresh, limits, now), 5);
    assert.equal(openSlots(fresh, { ...limits, lmtp_destination_concurrency_limit: 3 }, now), 3);
    assert.equal(openSlots(withWindow(18), { ...limits, lmtp_destination_concurrency_limit: 7 }, now), 7);
  });

  test('grows by one with each success while more mail waits, up to the limit', () => {
    let record = emptyRecord('x');
    let writes = 0;
    for (let n = 0; n < 100; n += 1) {
      const after = afterSuccess(record, limits, { now }, true);
      if (after !== undefined) writes += 1;
      record = after ?? record;
    }
    assert.equal(openSlots(record, limits, now), 20);
    assert.equal(writes, 15, 'limit - initial');
  });

  test('is not written when no more mail waits', () => {
    assert.equal(afterSuccess(emptyRecord('x'), limits, { now }, false), undefined);
    assert.equal(afterSuccess(withWindow(9), limits, { now }, false), undefined);
  });

  test('returns to its first size with successes, even when no more mail waits', () => {
    let record = fail(fail(withWindow(5)));
    const sizes = Array.from({ length: 5 }, () => {
      record = succeed(record, false);
      return openSlots(record, limits, now);
    });
    assert.deepEqual(sizes, [3, 4, 5, 5, 5]);
  });

  test('is forgotten after a while without use, and kept while it is used', () => {
    const record = withWindow(17);
    assert.equal(openSlots(record, limits, now + windowMemory), 17);
    assert.equal(openSlots(record, limits, now + windowMemory + 1), 5);
    const used = succeed(record, false, now + windowMemory * 0.75);
    assert.equal(openSlots(used, limits, now + windowMemory * 1.5), 17);
  });

  // The results of Postfix's own code with its default feedback.
  for (const [from, sizes] of [
    [5, [5, 3, 2]],
    [1, [1]],
    [2, [2, 1]],
  ] as const) {
    test(`shrinks from ${from} as Postfix's does, until the destination is dead`, () => {
      assert.deepEqual(failToDeath(withWindow(from)), sizes);
    });
  }

  test('dies from 20 with the thirteenth failure, as in Postfix', () => {
    assert.equal(failToDeath(withWindow(20)).length, 13);
  });

  test('counts failures in a row only', () => {
    let record = withWindow(20);
    for (let n = 0; n < 12; n += 1) record = fail(record);
    assert.notEqual(fail(record).suspension, undefined, 'one more is one too many');
    assert.equal(fail(succeed(record, false)).suspension, undefined, 'a success between them resets the count');
  });

  test('never suspends a destination where the cohort limit is 0', () => {
    let record = withWindow(5);
    for (let n = 0; n < 50; n += 1) {
      record = fail(record, { lmtp_destination_concurrency_failed_cohort_limit: 0 });
    }
    assert.deepEqual([record.suspension, openSlots(record, limits, now)], [undefined, 1]);
  });

  test('survives more failures with a larger cohort limit', () => {
    let record = withWindow(1);
    const given = { lmtp_destination_concurrency_failed_cohort_limit: 3 };
    for (let n = 0; n < 2; n += 1) record = fail(record, given);
    assert.equal(record.suspension, undefined);
    assert.equal(fail(record, given).suspension?.failures, 3);
  });

  test('stays within its bounds whatever happens', () => {
    const step = fc.record({
      kind: fc.constantFrom('failure', 'success', 'nothing'),
      wanted: fc.boolean(),
      pause: fc.nat(400_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 30 }), (steps, limit) => {
        const given = { ...limits, lmtp_destination_concurrency_limit: limit };
        let record = emptyRecord('x');
        let at = now;
        for (const { kind, wanted, pause } of steps) {
          at += pause;
          const after =
            kind === 'failure'
              ? afterFailure(record, given, { now: at }, failure)
              : kind === 'success'
                ? afterSuccess(record, given, { now: at }, wanted)
                : afterNoResult(record, { now: at });
          record = after ?? record;
          const slots = openSlots(record, given, at);
          assert.ok(Number.isInteger(slots) && slots >= 1 && slots <= limit, `${slots} of ${limit}`);
        }
      }),
    );
  });
});

describe('a dead destination', () => {
  const dead = fail(fail(fail(withWindow(5))));

  test('is suspended for minimal_backoff_time, with the words of its last failure', () => {
    assert.deepEqual(dead.suspension, {
      since: now,
      until: now + 300_000,
      why: failure.text,
      dsn: '4.4.1',
      failures: 3,
    });
    assert.equal(dead.window, undefined);
  });

  test('learns nothing from a failure of a delivery that was already in progress', () => {
    assert.equal(afterFailure(dead, limits, { now: now + 5000 }, failure), undefined);
  });

  test('is suspended again by a failed probe, with the words of that', () => {
    const later = now + 300_000;
    const after = afterFailure(
      { ...dead, probe },
      limits,
      { now: later, probe },
      { status: '4.4.2', text: 'no answer' },
    );
    assert.deepEqual(after, {
      ...dead,
      suspension: { since: now, until: later + 300_000, why: 'no answer', dsn: '4.4.2', failures: 4 },
    });
  });

  test('opens with the first window when the probe, or a delivery still in progress, succeeds', () => {
    for (const given of [{ now, probe }, { now }]) {
      const after = afterSuccess({ ...dead, probe }, limits, given, true);
      assert.equal(after?.suspension, undefined);
      assert.equal(openSlots(after ?? dead, limits, now), 5);
    }
  });

  test('keeps the probe of another worker', () => {
    const theirs = { token: 'theirs', until: now + 1 };
    const after = afterNoResult({ ...dead, probe: theirs }, { now, probe });
    assert.equal(after, undefined);
    assert.equal(afterNoResult({ ...dead, probe }, { now, probe })?.probe, undefined);
  });
});

describe('a first failure before any success', () => {
  const doubtful = fail(emptyRecord('x'));

  test('limits the deliveries in progress to those that must fail for a suspension', () => {
    assert.equal(trialLimit(doubtful, limits, now), 2);
    assert.equal(trialLimit(fail(doubtful), limits, now), 1);
    assert.notEqual(fail(fail(doubtful)).suspension, undefined);
  });

  test('with any window and cohort limit, allows as many as suspend the destination, or as fill the window', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 4 }), (size, cohorts) => {
        const given = {
          ...limits,
          lmtp_initial_destination_concurrency: size,
          lmtp_destination_concurrency_limit: size,
          lmtp_destination_concurrency_failed_cohort_limit: cohorts,
        };
        for (
          let record = fail(emptyRecord('x'), given);
          record.suspension === undefined;
          record = fail(record, given)
        ) {
          const missing = trialLimit(record, given, now);
          let after = record;
          for (let n = 0; n < missing; n += 1) {
            assert.equal(after.suspension, undefined, 'not one less');
            after = fail(after, given);
          }
          assert.ok(missing >= 1);
          assert.ok(after.suspension !== undefined || missing === openSlots(record, given, now));
        }
      }),
    );
  });

  test('does not limit if there was a success, or if the server accepted a part', () => {
    assert.equal(isDoubted(doubtful, limits, now), true);
    assert.equal(isDoubted(fail(withWindow(5)), limits, now), false);
    const partly = afterFailure(emptyRecord('x'), limits, { now }, { ...failure, isAlive: true });
    assert.equal(isDoubted(partly ?? emptyRecord('x'), limits, now), false);
    const never = { ...limits, lmtp_destination_concurrency_failed_cohort_limit: 0 };
    assert.equal(isDoubted(doubtful, never, now), false, 'nor where suspension is off');
  });

  test('gives unlisted deliveries the time that a failure takes', () => {
    assert.equal(unlistedEnd(doubtful, limits, now), now + 30_000);
    assert.equal(unlistedEnd(doubtful, { ...limits, lmtp_connect_timeout: 0 }, now), now + 60_000);
    assert.equal(unlistedEnd(doubtful, { ...limits, lmtp_connect_timeout: 600_000 }, now), now + 60_000);
  });

  test('is forgotten with the first success', () => {
    const after = succeed(doubtful, false);
    assert.equal(isDoubted(after, limits, now), false);
    assert.equal(isUnproven(after, limits, now), false);
  });

  test('is read before every delivery', () => {
    assert.equal(isUnproven(emptyRecord('x'), limits, now), true);
    assert.equal(isUnproven(doubtful, limits, now), true);
    assert.equal(isUnproven(withWindow(5), limits, now), false);
    assert.equal(isUnproven(withWindow(5), limits, now + windowMemory + 1), true);
  });
});

describe('a delivery that begins before the first success', () => {
  const leaseEnds = now + 300_000;
  const trial = newTrial(now, leaseEnds);
  const other = newTrial(now, leaseEnds);
  const tried = withTrial(withTrial(emptyRecord('x'), trial), other);

  test('is listed until it reports its outcome, whatever that is', () => {
    assert.deepEqual(trialsUnderWay(tried, now), [trial, other]);
    const failed = afterFailure(tried, limits, { now, probe: trial }, failure);
    assert.deepEqual(failed?.trials, [other]);
    const cut = afterNoResult(tried, { now, probe: trial });
    assert.deepEqual(cut?.trials, [other]);
    assert.equal(afterNoResult(cut ?? tried, { now, probe: trial }), undefined);
  });

  test('ends the limit with its success, whether more mail waits or not', () => {
    const after = afterSuccess(tried, limits, { now, probe: trial }, false);
    assert.deepEqual([after?.trials, after?.window?.succeededAt], [undefined, now]);
    assert.equal(afterSuccess(after ?? tried, limits, { now, probe: other }, false), undefined, 'one write is enough');
  });

  test('is waited for no longer than its lease, and no longer than two minutes', () => {
    assert.deepEqual(trialsUnderWay(tried, now + 119_999), [trial, other]);
    assert.deepEqual(trialsUnderWay(tried, now + 120_000), []);
    assert.equal(newTrial(now, now + 7000).until, now + 7000);
    assert.deepEqual(withTrial(tried, newTrial(now + 120_000, leaseEnds)).trials?.length, 1);
  });

  test('is expected to take as long as the last failure did', () => {
    const failed = afterFailure(tried, limits, { now: now + 9000, probe: trial }, failure) ?? tried;
    const late = withTrial(failed, newTrial(now + 9000, leaseEnds));
    assert.equal(trialsEnd(late, limits, now + 9000), now + 9000 + 9000 + 2000);
    assert.equal(trialsEnd(tried, limits, now), now + 30_000 + 2000, 'or as a connection attempt without an answer');
  });

  test('that takes longer is read again in a minute, or when the wait for it ends', () => {
    assert.equal(trialsEnd(tried, limits, now + 40_000), now + 100_000);
    assert.equal(trialsEnd(tried, limits, now + 90_000), now + 120_000);
    assert.equal(trialsEnd(tried, limits, now + 119_000), now + 124_000);
  });

  test('changes nothing when its destination is suspended already, and does not prolong that', () => {
    const dead = fail(fail(fail(tried)));
    assert.notEqual(dead.suspension, undefined);
    assert.equal(dead.trials, undefined);
    assert.equal(afterFailure(dead, limits, { now: now + 1000, probe: trial }, failure), undefined);
  });
});
