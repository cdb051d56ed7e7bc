import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ReceiveInfo, schedule } from '../../../functions/queue/work/schedule.ts';

const given = fc.record({ destination: fc.constantFrom('a', 'b', 'c'), received: fc.integer({ min: 1, max: 8 }) });
const order = (batch: readonly ReceiveInfo[], random = Math.random) => schedule(batch, (one) => one, random);

test('each message is processed once', () => {
  fc.assert(
    fc.property(fc.array(given, { maxLength: 10 }), (batch) => {
      const { lanes, last } = order(batch);
      const all = [...lanes.flat(), ...last];
      assert.equal(all.length, batch.length);
      assert.deepEqual(new Set(all), new Set(batch));
    }),
  );
});

test('destinations are processed concurrently, the deliveries of each in the order of arrival', () => {
  fc.assert(
    fc.property(fc.array(given, { maxLength: 10 }), (batch) => {
      const { lanes } = order(batch);
      const fresh = batch.filter(({ received }) => received < 3);
      assert.deepEqual(lanes, [...Map.groupBy(fresh, ({ destination }) => destination).values()]);
    }),
  );
});

test('messages received three times come after all others, in random order', () => {
  const batch = [1, 3, 2, 8, 5].map((received, n) => ({ destination: `${n}`, received }));
  const lots = [0.9, 0.1, 0.5];
  const { lanes, last } = order(batch, () => lots.shift() ?? 0);
  assert.deepEqual(
    lanes.flat().map(({ received }) => received),
    [1, 2],
  );
  assert.deepEqual(
    last.map(({ received }) => received),
    [8, 5, 3],
  );
});

test('a message without a receive count is like the others', () => {
  assert.deepEqual(order([{ destination: 'a', received: Number.NaN }]).last, []);
});
