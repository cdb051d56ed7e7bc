/** When alarms fire, and when not: the alarms of the template, over made-up values. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Duration } from 'aws-cdk-lib';
import type { AlarmSettings } from '../../../../infra/watching/alarms/thresholds.ts';
import {
  type AlarmProperties,
  type AlarmState,
  type NamedMetric,
  type Sample,
  type Series,
  statesOf,
} from '../../../support/alarm-state.ts';
import { appStack, asText, construct, type Resource, resource, resourcesOf } from '../../synthesize.ts';

const resources = resourcesOf(appStack({ maximumConcurrency: '40' }));

function alarmOf(words: string, from: Record<string, Resource> = resources): AlarmProperties {
  return resource(from, 'AWS::CloudWatch::Alarm', `Alarms${words}`) as unknown as AlarmProperties;
}

/** Values by metric, for the queue or function whose logical id has these words: `incoming/ApproximateNumber...`. */
function series(figures: Readonly<Record<string, readonly Sample[]>>): Series {
  return ({ MetricName, Dimensions = [] }: NamedMetric) => {
    const value = Dimensions[0]?.Value;
    const whose = typeof value === 'string' ? '' : asText(value).replace(/^.*(?:Queues|Functions)|[0-9A-F]{8}$/g, '');
    return figures[whose === '' ? MetricName : `${whose}/${MetricName}`] ?? [];
  };
}

/** Values of the sweep, every five minutes from the given one on. */
function swept(from: number, ...values: readonly number[]): readonly Sample[] {
  return values.map((value, index) => [from + 5 * index, value]);
}

/** Values of SQS every minute. */
function everyMinute(from: number, until: number, value: number): readonly Sample[] {
  return Array.from({ length: until - from }, (_, index) => [from + index, value]);
}

/** Minutes at which an alarm is on. */
function minutesOn(states: readonly AlarmState[]): readonly number[] {
  return states.flatMap((state, index) => (state === 'ALARM' ? [index + 1] : []));
}

/** The resources of a stack with these alarm settings. */
function withAlarms(alarms: AlarmSettings): Record<string, Resource> {
  return resourcesOf(construct(() => ({ destination: 'inet:lmtp.example.com:24', alarms })).stack);
}

function firesAt(words: string, figures: Readonly<Record<string, readonly Sample[]>>, until = 40): readonly number[] {
  return minutesOn(statesOf(alarmOf(words), series(figures), until));
}

describe('nothing is delivered although mail waits', () => {
  const fires = (figures: Readonly<Record<string, readonly Sample[]>>, until?: number) =>
    firesAt('NothingDelivered', figures, until);
  const visible = 'Incoming/ApproximateNumberOfMessagesVisible';
  const inFlight = 'Incoming/ApproximateNumberOfMessagesNotVisible';

  test('is silent in a quiet night', () => {
    assert.deepEqual(fires({}), []);
    assert.deepEqual(fires({ Waiting: swept(0, 0, 0, 0, 0, 0, 0, 0, 0), [visible]: everyMinute(0, 40, 0) }), []);
  });

  test('is silent while mail waits and other mail is delivered', () => {
    const Sent = everyMinute(0, 40, 3).filter(([minute]) => minute % 9 === 0);
    assert.deepEqual(fires({ Waiting: swept(0, 50, 50, 50, 50, 50, 50, 50, 50), Sent }), []);
  });

  test('fires when mail has waited for ten minutes and none was delivered, not before', () => {
    // Seven wait from minute 12 on: the last sweep that found none was at minute 7, the last delivery at minute 11.
    const figures = { Waiting: swept(2, 0, 0, 7, 7, 7, 7), Sent: [[11, 1]] as const };
    assert.deepEqual(fires(figures, 20), []);
    assert.deepEqual(fires(figures, 23), [21, 22, 23]);
  });

  test('is silent for ten minutes more after one delivery in between', () => {
    const Waiting = swept(1, 7, 7, 7, 7, 7, 7);
    assert.deepEqual(fires({ Waiting, Sent: [[1, 1]] }, 12), [11, 12]);
    assert.deepEqual(
      fires(
        {
          Waiting,
          Sent: [
            [1, 1],
            [10, 1],
          ],
        },
        21,
      ),
      [20, 21],
    );
    assert.deepEqual(
      fires(
        {
          Waiting,
          Sent: [
            [1, 1],
            [10, 1],
            [19, 1],
          ],
        },
        28,
      ),
      [],
    );
  });

  test('ends with the first delivery', () => {
    const Waiting = swept(0, 7, 7, 7, 7, 7, 7);
    assert.equal(fires({ Waiting, Sent: [[25, 1]] }, 25).includes(25), false);
    assert.equal(fires({ Waiting, Sent: [[25, 1]] }, 24).includes(24), true);
  });

  test('ends when nothing waits any more', () => {
    assert.equal(fires({ Waiting: swept(0, 7, 7, 7, 0) }, 15).includes(15), false);
  });

  test('is silent for a message that arrives between two sweeps and is in progress', () => {
    assert.deepEqual(fires({ Waiting: swept(0, 0, 0, 1, 0, 0, 0), Sent: [[11, 1]] }, 30), []);
    assert.deepEqual(fires({ Waiting: swept(0, 0, 0, 1, 0, 0, 0) }, 30), [], 'nor one that is bounced');
  });

  test('is silent while mail waits for full mailboxes alone, and fires for mail that waits for another reason', () => {
    const full = swept(1, 9, 9, 9, 9, 9);
    assert.deepEqual(fires({ Waiting: full, WaitingForMailbox: full }, 25), []);
    assert.equal(fires({ Waiting: swept(1, 10, 10, 10, 10, 10), WaitingForMailbox: full }, 25).includes(25), true);
  });

  test('fires when requests are in incoming and are not admitted', () => {
    assert.deepEqual(fires({ [visible]: everyMinute(0, 40, 4) }, 12).at(-1), 12);
    assert.deepEqual(fires({ [inFlight]: everyMinute(0, 40, 4), [visible]: everyMinute(0, 40, 0) }, 12).at(-1), 12);
  });

  test('is silent for a request that passes through incoming', () => {
    assert.deepEqual(fires({ [visible]: [...everyMinute(0, 30, 0), [30, 900], ...everyMinute(31, 40, 0)] }), []);
  });

  test('fires after the configured time and at the configured threshold', () => {
    const alarm = alarmOf('NothingDelivered', withAlarms({ nothingDelivered: { threshold: 10 } }));
    assert.deepEqual(minutesOn(statesOf(alarm, series({ Waiting: swept(0, 9, 9, 9, 9) }), 20)), []);
    assert.notDeepEqual(minutesOn(statesOf(alarm, series({ Waiting: swept(0, 10, 10, 10, 10) }), 20)), []);
  });
});

describe('the age of the oldest mail', () => {
  const hour = 3600;

  test('warns after an hour, and is critical after a day', () => {
    const ages = { OldestDeferred: swept(1, 0.5 * hour, 0.9 * hour, hour, 23 * hour, 24 * hour, 10) };
    assert.deepEqual(firesAt('LateMail', ages, 28).slice(0, 1), [11]);
    assert.deepEqual(firesAt('VeryLateMail', ages, 30), [21, 22, 23, 24, 25]);
  });

  test('keeps its last value while the sweep does not run', () => {
    assert.deepEqual(firesAt('LateMail', { OldestDeferred: swept(1, 2 * hour) }, 30).at(-1), 30);
    assert.deepEqual(firesAt('LateMail', { OldestDeferred: swept(1, 0) }, 30), []);
  });

  test('may be four hours for half an hour', () => {
    const alarm = alarmOf('LateMail', withAlarms({ lateMail: { threshold: 4, over: Duration.minutes(30) } }));
    const on = (...hours: readonly number[]) =>
      minutesOn(statesOf(alarm, series({ OldestDeferred: swept(1, ...hours.map((age) => age * hour)) }), 31));
    assert.deepEqual(on(4, 4, 4, 4, 4, 4, 4), range(26, 32));
    assert.deepEqual(on(4, 4, 4, 3, 4, 4, 4), []);
  });
});

describe('the sweep', () => {
  const calls = 'Sweep/Invocations';

  test('did not run for a quarter of an hour', () => {
    assert.deepEqual(firesAt('SweepStopped', { [calls]: swept(1, 1, 1, 1, 1, 1, 1, 1, 1) }), []);
    assert.deepEqual(firesAt('SweepStopped', { [calls]: swept(1, 1, 1) }, 22), [21, 22]);
  });

  test('never ran: no figures are bad figures', () => {
    assert.equal(firesAt('SweepStopped', {}, 1).length, 1);
  });
});

describe('the budget of sessions', () => {
  const running = (...values: readonly number[]) => ({ 'Lmtp/ConcurrentExecutions': swept(1, ...values) });

  test('is nearly used when more than nine in ten of the functions run for a quarter of an hour', () => {
    assert.deepEqual(firesAt('SessionBudget', running(36, 36, 36, 10), 18), [11, 12, 13, 14, 15]);
    assert.deepEqual(firesAt('SessionBudget', running(36, 35, 36, 36), 20), []);
  });

  test('that the mail store permits is compared with the sessions of that many functions', () => {
    const { stack } = construct(() => ({ destination: 'inet:lmtp.example.com:24', sessionBudget: 400 }));
    const { Metrics = [] } = alarmOf('SessionBudget', resourcesOf(stack));
    assert.ok(Metrics.some(({ Expression }) => Expression === '100 * running * 8 / 400'));
  });
});

/** Counted events: alarm, metric, its threshold and minutes. */
const counted = [
  ['InDoubt', 'InDoubt', 6, 15],
  ['Stranded', 'Stranded', 1, 5],
  ['HeldInDoubt', 'HeldInDoubt', 1, 5],
  ['AuthRefused', 'AuthFailures', 1, 5],
  ['TlsFailures', 'TlsFailures', 1, 5],
  ['SecretUnreadable', 'SecretFaults', 1, 5],
  ['DeadlineClamped', 'DeadlineClamped', 5, 15],
  ['FunctionErrorsLmtp', 'Lmtp/Errors', 1, 5],
  ['FunctionThrottlesQmgr', 'Qmgr/Throttles', 1, 5],
  ['RecursionBounce', 'Bounce/RecursiveInvocationsDropped', 1, 5],
] as const;

describe('a count', () => {
  for (const [words, metric, threshold, minutes] of counted) {
    test(`${words} fires at ${threshold} within ${minutes} minutes, and ends ${minutes} minutes later`, () => {
      assert.deepEqual(firesAt(words, { [metric]: [[3, threshold]] }, 30), range(3, 3 + minutes));
      assert.deepEqual(firesAt(words, {}, 30), []);
      if (threshold === 1) return;
      const apart = [
        [3, 1],
        [3 + minutes, threshold - 1],
      ] as const;
      assert.deepEqual(firesAt(words, { [metric]: [[3, threshold - 1]] }, 30), []);
      assert.deepEqual(firesAt(words, { [metric]: apart }, 40), []);
    });
  }
});

describe('the queue table', () => {
  /** Values of the table, or of an index of it. */
  const events =
    (metric: string, index: string | undefined, ...samples: readonly Sample[]): Series =>
    ({ Namespace, MetricName, Dimensions = [] }) => {
      const of = Dimensions.find(({ Name }) => Name === 'GlobalSecondaryIndexName')?.Value;
      return Namespace === 'AWS/DynamoDB' && MetricName === metric && of === index ? samples : [];
    };
  const alarms = [
    ['TableThrottlesTable', undefined],
    ['TableThrottlesDue', 'due'],
    ['TableThrottlesWaiting', 'waiting'],
  ] as const;

  for (const [words, index] of alarms) {
    for (const metric of ['ReadThrottleEvents', 'WriteThrottleEvents']) {
      test(`${words} fires at ten ${metric} within five minutes, and for no other table`, () => {
        for (const [others, of] of alarms) {
          const states = statesOf(alarmOf(others), events(metric, index, [3, 4], [5, 6]), 30);
          assert.deepEqual(minutesOn(states), of === index ? range(5, 8) : []);
        }
        assert.deepEqual(minutesOn(statesOf(alarmOf(words), events(metric, index, [3, 9]), 30)), []);
      });
    }
  }

  test('with internal errors is reported at five within five minutes, for any operation', () => {
    const faults: Series = ({ MetricName, Dimensions = [] }) => {
      const operation = Dimensions.find(({ Name }) => Name === 'Operation')?.Value;
      if (MetricName !== 'SystemErrors') return [];
      return operation === 'UpdateItem' ? [[3, 3]] : operation === 'Query' ? [[4, 2]] : [];
    };
    assert.deepEqual(minutesOn(statesOf(alarmOf('TableErrors'), faults, 30)), range(4, 8));
    assert.deepEqual(minutesOn(statesOf(alarmOf('TableErrors'), () => [], 30)), []);
  });
});

/** Lasting conditions: alarm, metric, its threshold and minutes. */
const lasting = [
  ['Expiring', 'ExpiringSoon', 1, 5],
  ['DestinationDead', 'DestinationsDead', 1, 5],
  ['Corrupt', 'CorruptWaiting', 1, 5],
  ['DeadLettersIncoming', 'IncomingDeadLetters/ApproximateNumberOfMessagesVisible', 1, 15],
  ['DeadLettersActive', 'ActiveDeadLetters/ApproximateNumberOfMessagesVisible', 1, 15],
] as const;

describe('a lasting condition', () => {
  for (const [words, metric, threshold, minutes] of lasting) {
    test(`${words} fires at ${threshold} for ${minutes} minutes, and ends with it`, () => {
      const bad = minutes / 5;
      const values = [...Array(bad).fill(threshold), 0, 0, 0];
      assert.deepEqual(firesAt(words, { [metric]: swept(5, ...values) }, 40), range(minutes, minutes + 5));
      assert.deepEqual(firesAt(words, { [metric]: swept(5, ...Array(6).fill(threshold - 1)) }, 30), []);
      assert.deepEqual(firesAt(words, {}, 30), []);
    });
  }
});

describe('a certificate', () => {
  test('is reported three weeks before its end, even if no session shows it again', () => {
    assert.deepEqual(
      firesAt(
        'CertificateEnds',
        {
          CertificateDays: [
            [1, 21],
            [90, 20],
          ],
        },
        200,
      ),
      range(90, 201),
    );
  });

  test('that was replaced is not reported any more', () => {
    assert.deepEqual(
      firesAt(
        'CertificateEnds',
        {
          CertificateDays: [
            [1, 20],
            [90, 89],
          ],
        },
        200,
      ),
      range(1, 90),
    );
  });
});

function range(from: number, before: number): readonly number[] {
  return Array.from({ length: before - from }, (_, index) => from + index);
}
