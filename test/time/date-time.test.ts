import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isDateTime, readDateTime } from '../../functions/time/date-time.ts';

describe('a time that does not exist is refused, and the wrong part is named', () => {
  for (const [text, part] of [
    ['2026-02-30T00:00:00Z', 'the day must be 1 to 28'],
    ['2024-02-30T00:00:00Z', 'the day must be 1 to 29'],
    ['1900-02-29T00:00:00Z', 'the day must be 1 to 28'],
    ['2026-04-31T00:00:00Z', 'the day must be 1 to 30'],
    ['2026-01-00T00:00:00Z', 'the day must be 1 to 31'],
    ['2026-00-01T00:00:00Z', 'the month must be 1 to 12'],
    ['2026-13-32T00:00:00Z', 'the month must be 1 to 12'],
    ['2026-01-01T24:00:00Z', 'the hour must be 0 to 23'],
    ['2026-01-01T25:00:00Z', 'the hour must be 0 to 23'],
    ['2026-01-01T00:60:00Z', 'the minute must be 0 to 59'],
    ['2016-12-31T23:59:60Z', 'the second must be 0 to 59'],
    ['2026-01-01T00:00:00+24:00', 'the hour of the offset must be 0 to 23'],
    ['2026-01-01T00:00:00-01:60', 'the minute of the offset must be 0 to 59'],
  ] as const) {
    test(text, () => assert.deepEqual(readDateTime(text), { fault: `is a time that does not exist: ${part}` }));
  }
});

describe('another form is refused', () => {
  for (const text of [
    '',
    '2026-11-22',
    '2026-11-22 08:00:00Z',
    '2026-11-22T08:00:00',
    '22 Nov 2026',
    '2026-11-22T08:00Z',
    '+002026-11-22T08:00:00Z',
  ]) {
    test(JSON.stringify(text), () => {
      assert.deepEqual(readDateTime(text), { fault: 'is not an RFC 3339 time such as 2026-11-22T08:00:00Z' });
      assert.equal(isDateTime(text), false);
    });
  }
});

test('seconds may be absent where the caller allows it, and letters may be small', () => {
  assert.deepEqual(readDateTime('2026-11-22T08:00Z', { wantsSeconds: false }), { time: Date.UTC(2026, 10, 22, 8) });
  assert.deepEqual(readDateTime('2024-02-29t08:00:00.5z'), { time: Date.UTC(2024, 1, 29, 8, 0, 0, 500) });
  assert.deepEqual(readDateTime('2026-11-22T08:00:00+01:30'), { time: Date.UTC(2026, 10, 22, 6, 30) });
});

test('each time that exists is read as itself', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
      (date) => assert.deepEqual(readDateTime(date.toISOString()), { time: date.getTime() }),
    ),
    { numRuns: 500 },
  );
});

test('a day is read exactly if the calendar has it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 9999 }),
      fc.integer({ min: 0, max: 14 }),
      fc.integer({ min: 0, max: 33 }),
      (year, month, day) => {
        const digits = (value: number, width: number) => String(value).padStart(width, '0');
        const text = `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}T00:00:00Z`;
        const date = new Date(0);
        date.setUTCFullYear(year, month - 1, day);
        assert.equal(isDateTime(text), date.toISOString() === text.replace('Z', '.000Z'));
      },
    ),
    { numRuns: 500 },
  );
});
