/** Times, ages and numbers in the form for people. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted, fromNow, inWords, moment, octets } from '../../functions/texts/words.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

test('a length of time has its two largest units', () => {
  const lengths: readonly (readonly [number, string])[] = [
    [-5, '0s'],
    [999, '0s'],
    [59 * second, '59s'],
    [60 * second, '1m'],
    [61 * second, '1m 1s'],
    [2 * hour + 5 * minute + 9 * second, '2h 5m'],
    [day, '1d'],
    [day + 59 * minute, '1d'],
    [40 * day + 3 * hour, '40d 3h'],
  ];
  for (const [length, words] of lengths) assert.equal(inWords(length), words);
});

test('a moment is shown to the second, and relative to now', () => {
  assert.equal(moment(Date.UTC(2026, 10, 22, 8) + 999), '2026-11-22T08:00:00Z');
  assert.equal(fromNow(10, 10), 'now');
  assert.equal(fromNow(10 + 90 * second, 10), 'in 1m 30s');
});

test('numbers have their nouns, and octets their units', () => {
  assert.deepEqual(
    [counted(1, 'page'), counted(0, 'page'), counted(12345, 'page')],
    ['1 page', '0 pages', '12,345 pages'],
  );
  assert.equal(counted(2, 'delivery', 'deliveries'), '2 deliveries');
  assert.deepEqual([999, 1000, 999_499, 999_500, 12_345_678].map(octets), [
    '999 B',
    '1 kB',
    '999 kB',
    '1.0 MB',
    '12.3 MB',
  ]);
});
