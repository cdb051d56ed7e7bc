import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dimensions, type MetricRow, metricTable } from '../../functions/metrics/catalogue.ts';
import { classMetric, classTable } from '../../functions/metrics/classes.ts';

test('all metrics fit into one line of CloudWatch, and no metric has the name of a dimension', () => {
  const names = Object.keys(metricTable);
  assert.ok(names.length <= 100, `${names.length} metrics`);
  for (const name of names) assert.match(name, /^[A-Z][A-Za-z]+$/);
  assert.deepEqual(
    Object.values(dimensions).filter((name) => names.includes(name)),
    [],
  );
});

test('every metric has a short description', () => {
  for (const [name, { about }] of Object.entries<MetricRow>(metricTable)) {
    assert.ok(about.length > 5 && about.length <= 100, name);
    assert.match(about, /^[a-z].*[^.]$/, name);
  }
});

test('failures are counted by the subject of their status', () => {
  assert.equal(classMetric('Deferred', '4.2.2'), 'DeferredMailbox');
  assert.equal(classMetric('Bounced', '5.7.1'), 'BouncedPolicy');
  assert.equal(classMetric('Bounced', '5.1.1'), 'BouncedAddress');
  assert.equal(classMetric('Deferred', '4.4.2'), 'DeferredNetwork');
  assert.equal(classMetric('Deferred', '4.0.0'), 'DeferredOther');
});

test('whatever servers say, there are sixteen classes', () => {
  const number = fc.oneof(fc.nat(999).map(String), fc.constantFrom('', '07', '__proto__', 'constructor', '2 '));
  fc.assert(
    fc.property(fc.constantFrom('Deferred' as const, 'Bounced' as const), number, (failed, subject) => {
      const name = classMetric(failed, `4.${subject}.1`);
      assert.ok(Object.hasOwn(classTable, name), name);
      assert.equal(name === `${failed}Other`, !/^[1-7]$/.test(subject));
    }),
  );
  assert.equal(Object.keys(classTable).length, 16);
});
