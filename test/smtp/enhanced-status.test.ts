import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEnhancedStatus, reconcileStatus, statusClass, withClass } from '../../functions/smtp/enhanced-status.ts';

test('a status has class 2, 4 or 5 and two numbers of one to three digits', () => {
  for (const text of ['2.0.0', '4.2.2', '5.7.509', '5.123.123', '4.0.00']) {
    assert.equal(isEnhancedStatus(text), true, text);
  }
  for (const text of [
    '',
    '3.0.0',
    '1.0.0',
    '5.1',
    '5.1.1.1',
    '5.1.',
    '5.1234.1',
    '5.1.1 ',
    ' 5.1.1',
    '5.1.x',
    '５.1.1',
  ]) {
    assert.equal(isEnhancedStatus(text), false, JSON.stringify(text));
  }
});

test('the class is the first digit', () => {
  assert.deepEqual([statusClass('2.1.5'), statusClass('4.2.2'), statusClass('5.1.1')], [2, 4, 5]);
});

test('a refusal is made temporary without losing its subject', () => {
  assert.equal(withClass('5.7.26', 4), '4.7.26');
  assert.equal(withClass('4.7.26', 4), '4.7.26');
});

test('a status is taken from the text if its class is that of the reply code', () => {
  for (const [code, text, wanted] of [
    [250, '2.1.5 ok', '2.1.5'],
    [250, ' 2.1.5 ok', '2.1.5'],
    [250, '\t2.1.5', '2.1.5'],
    [250, 'ok', '2.0.0'],
    [250, '', '2.0.0'],
    [250, '5.1.1 unknown', '2.0.0'],
    [450, '4.2.2 full', '4.2.2'],
    [450, '5.2.2 full', '4.0.0'],
    [550, '4.2.2 full', '5.0.0'],
    [550, '5.1.1unknown', '5.0.0'],
    [599, '5.9.9', '5.9.9'],
  ] as const) {
    assert.equal(reconcileStatus(code, text), wanted, `${code} ${text}`);
  }
});

test('a code that is neither success nor refusal is a protocol error, whatever status it carries', () => {
  for (const code of [0, 100, 199, 300, 354, 600, 999]) {
    assert.equal(reconcileStatus(code, '2.0.0 fine'), '5.5.0', String(code));
  }
});
