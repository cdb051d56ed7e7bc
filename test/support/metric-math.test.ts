/** The evaluator of metric math that tests of alarms use. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateMath } from './metric-math.ts';

const values = new Map<string, number | undefined>([
  ['a', 2],
  ['b', 5],
  ['none', undefined],
]);

const sums: readonly (readonly [string, number | undefined])[] = [
  ['1 + 2 * 3', 7],
  ['(1 + 2) * 3', 9],
  ['10 - 4 - 3', 3],
  ['100 * a / b', 40],
  ['a < b', 1],
  ['a >= b OR a == 2', 1],
  ['a > b AND b > a', 0],
  ['a != b', 1],
  ['IF(a > b, 1, 7.5)', 7.5],
  ['IF(a <= b, a, b)', 2],
  ['none + 1', undefined],
  ['IF(none > 0, 1, 2)', undefined],
  ['FILL(none, 3) + a', 5],
  ['FILL(a, 3)', 2],
];

for (const [expression, value] of sums) {
  test(`${expression} is ${value}`, () => assert.equal(evaluateMath(expression, values), value));
}

for (const expression of ['', '1 +', 'c', 'MAX(a)', 'a b', 'IF(a, b)', '(a', 'FILL(a)', 'a = b', 'A']) {
  test(`"${expression}" is refused`, () => {
    assert.throws(() => evaluateMath(expression, values), /is not understood at/);
  });
}
