/** The settings of alarms, and what is refused at synth. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Duration, type Stack } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { alarmNames, alarmTable } from '../../../../infra/watching/alarms/catalogue.ts';
import { type AlarmSettings, thresholdsOf } from '../../../../infra/watching/alarms/thresholds.ts';
import { asText, construct, resourcesOf, resourcesOfType } from '../../synthesize.ts';

const destination = 'inet:lmtp.example.com:24';

describe('thresholds', () => {
  test('are those of the catalogue by default', () => {
    assert.deepEqual(
      [...thresholdsOf()],
      alarmNames.map((name) => [name, { value: alarmTable[name].threshold.usual, minutes: alarmTable[name].minutes }]),
    );
  });

  test('can be set one by one', () => {
    const found = thresholdsOf({ inDoubt: { threshold: 1 }, lateMail: { over: Duration.hours(1) }, corrupt: {} });
    assert.deepEqual(found.get('inDoubt'), { value: 1, minutes: 15 });
    assert.deepEqual(found.get('lateMail'), { value: 1, minutes: 60 });
    assert.deepEqual(found.get('corrupt'), { value: 1, minutes: 5 });
  });

  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [{ tooLate: {} }, /^PropsError: alarms\.tooLate is not known: allowed are nothingDelivered, lateMail, /],
    [{ inDoubt: true }, /^PropsError: alarms\.inDoubt: true is not allowed: expected \{ threshold, over \}, or false/],
    [{ inDoubt: 3 }, /^PropsError: alarms\.inDoubt: 3 is not allowed/],
    [{ inDoubt: null }, /^PropsError: alarms\.inDoubt: null is not allowed/],
    [{ inDoubt: { least: 3 } }, /^PropsError: alarms\.inDoubt\.least is not known: allowed are threshold, over/],
    [
      { inDoubt: { threshold: 0 } },
      /^PropsError: alarms\.inDoubt\.threshold: 0 is not allowed: expected a whole number of recipients from 1 to 1000000/,
    ],
    [{ inDoubt: { threshold: 1.5 } }, /threshold: 1\.5 is not allowed: expected a whole number/],
    [{ inDoubt: { threshold: '5' } }, /threshold: "5" is not allowed/],
    [{ inDoubt: { threshold: Number.NaN } }, /threshold: NaN is not allowed/],
    [
      { lateMail: { threshold: 0 } },
      /lateMail\.threshold: 0 is not allowed: expected a number of hours from 0\.1 to 240/,
    ],
    [{ sessionBudget: { threshold: 101 } }, /sessionBudget\.threshold: 101 is not allowed: .* percent from 1 to 100/],
    [{ certificateEnds: { threshold: 0 } }, /certificateEnds\.threshold: 0 is not allowed: .* days from 1 to 365/],
    [
      { corrupt: { over: Duration.minutes(7) } },
      /corrupt\.over: "7 minutes" is not allowed: expected Duration\.minutes\(\) with a multiple of 5 up to 1440/,
    ],
    [{ corrupt: { over: Duration.seconds(0) } }, /corrupt\.over: "0 minutes" is not allowed/],
    [{ corrupt: { over: Duration.days(2) } }, /corrupt\.over: "2880 minutes" is not allowed/],
    [{ corrupt: { over: 300 } }, /corrupt\.over: 300 is not allowed/],
  ];
  for (const [settings, words] of wrong) {
    test(`refused: ${JSON.stringify(settings)}`, () => {
      assert.throws(() => thresholdsOf(settings as AlarmSettings), words);
    });
  }

  test('a wrong one stops synth', () => {
    assert.throws(
      () => construct(() => ({ destination, alarms: { deadLetters: { threshold: -1 } } })),
      /^PropsError: alarms\.deadLetters\.threshold: -1/,
    );
  });
});

test('each alarm can be switched off by its name, and the others stay', () => {
  const all = Object.keys(
    resourcesOfType(resourcesOf(construct(() => ({ destination })).stack), 'AWS::CloudWatch::Alarm'),
  );
  const off = Object.fromEntries(alarmNames.filter((name) => name !== 'corrupt').map((name) => [name, false]));
  const { stack, delivery } = construct(() => ({ destination, alarms: off }));
  const left = Object.keys(resourcesOfType(resourcesOf(stack), 'AWS::CloudWatch::Alarm'));
  assert.deepEqual(
    left,
    all.filter((id) => /AlarmsCorrupt/.test(id)),
  );
  assert.equal(delivery.alarms.all.length, 1);
  assert.equal(delivery.alarms.named('corrupt').length, 1);
  assert.deepEqual(delivery.alarms.named('lateMail'), []);
});

test("alarms, and their ends, go to the user's own topic", () => {
  const { stack } = construct((scope: Stack) => ({ destination, alarmTopic: new Topic(scope, 'Duty') }));
  const resources = resourcesOf(stack);
  for (const { Properties } of Object.values(resourcesOfType(resources, 'AWS::CloudWatch::Alarm'))) {
    assert.deepEqual(
      [Properties['AlarmActions'], Properties['OKActions']]
        .flat()
        .map(asText)
        .map((id) => id.slice(0, 4)),
      ['Duty', 'Duty'],
    );
  }
  assert.equal(Object.keys(resourcesOfType(resources, 'AWS::SNS::Topic')).filter((id) => /Alarm/.test(id)).length, 0);
});

test('texts point to the manual, and contain the names of stack and transport and the lifetime', () => {
  const { stack } = construct(() => ({
    destination,
    transport: 'mailman',
    operatingManual: 'https://wiki.example.com/mail',
    parameters: { maximal_queue_lifetime: '36h' },
  }));
  const [alarm] = Object.values(resourcesOfType(resourcesOf(stack), 'AWS::CloudWatch::Alarm'));
  const text = String(alarm?.Properties['AlarmDescription']);
  assert.match(text, /^PAGE: All mail of the transport mailman is late: for 10 minutes/);
  assert.match(text, /for 36 hours after its arrival/);
  assert.match(text, / --stack Theirs --transport mailman$/m);
  assert.match(text, / in https:\/\/wiki\.example\.com\/mail#nothing-is-delivered-though-mail-waits$/);
});

test('a text that CloudWatch would truncate is refused', () => {
  const operatingManual = `https://wiki.example.com/${'x'.repeat(1000)}`;
  assert.throws(
    () => construct(() => ({ destination, operatingManual })),
    /^PropsError: alarms\.nothingDelivered: its text has \d+ characters, but CloudWatch allows 1024: use a shorter operatingManual/,
  );
});
