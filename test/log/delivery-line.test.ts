import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { deliveryLine, type LineFacts, roundDelay } from '../../functions/log/delivery-line.ts';

const facts = (given: Partial<LineFacts> = {}): LineFacts => ({
  id: '4bXq1',
  recipient: { address: 'bob@example.com' },
  verdict: {
    status: 'sent',
    dsn: '2.0.0',
    text: '250 2.0.0 saved',
    relay: 'mail.example[10.0.0.1]:24',
    setUp: 0.104,
    transfer: 0.012,
  },
  arrival: 10_000,
  activated: 11_060,
  begun: 21_020,
  attempt: 1,
  ...given,
});

describe('seconds have two significant digits and two decimals at most, and none from ten on', () => {
  for (const [seconds, shown] of [
    [0, 0],
    [0.001, 0],
    [0.0049, 0],
    [0.005, 0.01],
    [0.012, 0.01],
    [0.104, 0.1],
    [0.34, 0.34],
    [0.994, 0.99],
    [0.996, 1],
    [1.04, 1],
    [1.06, 1.1],
    [9.94, 9.9],
    [9.96, 10],
    [12.4, 12],
    [12.6, 13],
    [300, 300],
    [1234.5, 1235],
    [432_000, 432_000],
    [-2, 0],
    [Number.NaN, 0],
  ] as const) {
    test(`${seconds}`, () => assert.equal(roundDelay(seconds), shown));
  }
});

test('no delay is shown with more digits than in Postfix, or far from its value', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (seconds) => {
      const shown = roundDelay(seconds);
      assert.match(String(shown), /^(?:0|0\.\d{1,2}|[1-9](?:\.\d)?|\d{2,})$/);
      assert.ok(Math.abs(shown - seconds) <= (seconds < 1 ? 0.0051 : seconds < 10 ? 0.051 : 0.51));
    }),
  );
});

test('a line has the fields of Postfix, with their meanings', () => {
  assert.deepEqual(deliveryLine(facts()), {
    id: '4bXq1',
    recipient: 'bob@example.com',
    orig: null,
    relay: 'mail.example[10.0.0.1]:24',
    delay: 11,
    delays: [1.1, 10, 0.1, 0.01],
    dsn: '2.0.0',
    status: 'sent',
    text: '250 2.0.0 saved',
    attempt: 1,
  });
});

test('without a session there is no relay', () => {
  const { relay: _, ...verdict } = facts().verdict;
  assert.equal(deliveryLine(facts({ verdict })).relay, null);
});

test('the use of a connection is shown from the second on', () => {
  const line = (connUse: number) => deliveryLine(facts({ verdict: { ...facts().verdict, connUse } }));
  assert.equal('conn_use' in line(1), false);
  assert.equal(line(2).conn_use, 2);
});

test('the original address is shown if it differs in more than letter case', () => {
  const orig = (original: string) => deliveryLine(facts({ recipient: { address: 'bob@example.com', original } })).orig;
  assert.equal(orig('b@example.com'), 'b@example.com');
  assert.equal(orig('Bob@Example.COM'), null);
});

test('an odd recipient is quoted, as on the wire', () => {
  assert.equal(deliveryLine(facts({ recipient: { address: 'bob one@x' } })).recipient, '"bob one"@x');
});

test('a recipient in doubt is marked, others are not', () => {
  assert.equal(deliveryLine(facts({ verdict: { ...facts().verdict, inDoubt: true } })).in_doubt, true);
  assert.equal('in_doubt' in deliveryLine(facts()), false);
});

test('clocks that differ yield no negative delay', () => {
  const { delay, delays } = deliveryLine(facts({ arrival: 50_000, activated: 40_000, begun: 30_000 }));
  assert.deepEqual([delay, delays], [0, [0, 0, 0.1, 0.01]]);
});

test('delays have as many decimals as delay_logging_resolution_limit allows', () => {
  assert.deepEqual(
    [roundDelay(0.0123, 3), roundDelay(0.0123, 2), roundDelay(1.26, 0), roundDelay(12.6, 6)],
    [0.012, 0.01, 1, 13],
  );
});
