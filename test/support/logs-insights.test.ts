/** The interpreter of Logs Insights that the tests of saved queries use. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask } from './logs-insights.ts';

const events = [
  { id: 'a', size: 3, tls: { level: 'may' }, list: [7, 8], odd: true, none: null },
  { id: 'b', size: 5, text: 'host x said: no' },
  { id: 'a', size: 9 },
].map((line, index) => ({ at: index, log: 'lmtp', message: JSON.stringify(line) }));

function rows(query: string): readonly (readonly unknown[])[] {
  const { columns, rows: found } = ask(query, [...events, { at: 9, log: 'lmtp', message: 'START' }]);
  return found.map((row) => columns.map((column) => row.get(column)));
}

test('fields are read, also members and list elements, under other names', () => {
  assert.deepEqual(rows("fields id, tls.level as level, list.1, odd\n| filter id = 'a'\n| sort size asc"), [
    ['a', 'may', 8, 1],
    ['a', undefined, undefined, undefined],
  ]);
});

test('conditions select rows', () => {
  const ids = (filter: string) => rows(`fields id\n| filter ${filter}`).map(([id]) => id);
  assert.deepEqual(ids('ispresent(text)'), ['b']);
  assert.deepEqual(ids('ispresent(none)'), []);
  assert.deepEqual(ids("ispresent(id) and not id = 'a'"), ['b']);
  assert.deepEqual(ids("text like 'said' or size = 9"), ['b', 'a']);
  assert.deepEqual(ids('text like /(?i)HOST \\S+ SAID/'), ['b']);
  assert.deepEqual(ids("id in ['b', 'c'] and (size = 5 or size = 6)"), ['b']);
});

test('parse, stats, sort and limit are supported', () => {
  assert.deepEqual(rows('parse text /^host (?<host>\\S+)/\n| stats count(*) as n by host\n| sort n desc'), [
    [undefined, 3],
    ['x', 1],
  ]);
  const numbers =
    'stats count(size) as n, count_distinct(size) as d, min(size) as least, max(size) as most, pct(size, 50) as middle by id';
  assert.deepEqual(rows(`filter ispresent(id)\n| ${numbers}\n| sort most desc\n| limit 1`), [['a', 2, 2, 3, 9, 3]]);
});

test('a field that no line has is reported', () => {
  assert.deepEqual(ask("fields id, nmae\n| filter statsu = 'x'\n| sort other asc", events).unknown, [
    'nmae',
    'statsu',
    'other',
  ]);
  assert.deepEqual(
    ask('stats count(*) as n by id\n| sort size asc', events).unknown,
    ['size'],
    'it is gone after stats',
  );
});

for (const query of [
  'select id',
  'fields id as',
  'filter id == 3',
  'filter (id = 3',
  'filter id = other',
  'parse text "*"',
  'stats avg(size) as n',
  'stats count(*)',
  'sort id',
  'limit ten',
]) {
  test(`"${query}" is refused`, () => assert.throws(() => ask(query, events), /is not understood|names no field/));
}
