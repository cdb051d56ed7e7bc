/** The shape of the queue, as qshape(1) counts it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Shape, shapeAges, shapeQueue } from '../../functions/operator/shape.ts';
import { operatorServices, putItems } from '../support/operator-services.ts';

const minute = 60_000;
const now = 10_000 * minute;

function entry(age: number, destination = 'inet:a:24', sender = 'alice@Example.org') {
  return { arrival: now - age * minute, destination, sender };
}

test('a column counts mail younger than its age and not younger than the age before it', () => {
  const shape = new Shape('destination', now);
  for (const age of [0, 4.99, 5, 9.99, 10, 19, 20, 40, 80, 160, 320, 640, 1279.9, 1280, 9999]) shape.add(entry(age));
  assert.deepEqual(shape.total, { name: 'TOTAL', total: 15, counts: [2, 2, 2, 1, 1, 1, 1, 1, 2, 2] });
  assert.equal(shape.total.counts.length, shapeAges.length + 1);
});

test('mail that arrives in the future, because clocks differ, is young', () => {
  const shape = new Shape('destination', now);
  shape.add(entry(-3));
  assert.equal(shape.total.counts[0], 1);
});

test('the fullest rows come first, and their names decide between equal ones', () => {
  const shape = new Shape('destination', now);
  for (const name of ['c', 'a', 'b', 'a', 'c', 'd']) shape.add(entry(1, name));
  assert.deepEqual(
    shape.rows.map(({ name, total }) => `${name} ${total}`),
    ['a 2', 'c 2', 'b 1', 'd 1'],
  );
});

test('by sender, a row is a domain, and the null sender has its own row', () => {
  const shape = new Shape('sender', now);
  for (const sender of ['a@Example.org', 'b@example.ORG', '', 'c@x']) shape.add(entry(1, 'd', sender));
  assert.deepEqual(
    shape.rows.map(({ name, total }) => `${name} ${total}`),
    ['example.org 2', 'MAILER-DAEMON 1', 'x 1'],
  );
});

test('rows and columns sum up to the same total, whatever is counted', () => {
  const entries = fc.array(fc.record({ age: fc.double({ min: -10, max: 1e6, noNaN: true }), name: fc.string() }));
  fc.assert(
    fc.property(entries, (all) => {
      const shape = new Shape('destination', now);
      for (const { age, name } of all) shape.add(entry(age, name));
      const { rows, total } = shape;
      assert.equal(total.total, all.length);
      assert.equal(
        rows.reduce((sum, row) => sum + row.total, 0),
        all.length,
      );
      for (const [column, count] of total.counts.entries()) {
        assert.equal(
          rows.reduce((sum, row) => sum + (row.counts[column] ?? 0), 0),
          count,
        );
      }
    }),
  );
});

test('all mail that will be delivered is counted, corrupt and finished mail is not; a filter narrows it', async () => {
  const services = operatorServices();
  const states = ['queued', 'active', 'delivering', 'deferred', 'held', 'corrupt', 'done'] as const;
  await putItems(services, ...states.map((state) => ({ state, destination: `inet:${state}:24` })));
  const names = async (filter: object) => {
    const shape = await shapeQueue(filter, 'destination', services.clock.wall, services);
    return shape.rows.map(({ name }) => name);
  };
  assert.deepEqual(await names({}), [
    'inet:active:24',
    'inet:deferred:24',
    'inet:delivering:24',
    'inet:held:24',
    'inet:queued:24',
  ]);
  assert.deepEqual(await names({ states: ['corrupt'] }), ['inet:corrupt:24']);
  assert.deepEqual(await names({ destination: 'inet:held:24' }), ['inet:held:24']);
});
