import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Item, itemSize, writeUnits } from './item-size.ts';

const key = { id: { S: 'abc' }, delivery: { S: '0000' } };

test('the size of an item is that of its names and values', () => {
  assert.equal(itemSize(key), 2 + 3 + 8 + 4);
  assert.equal(itemSize({ n: { N: '1700000000000' }, b: { BOOL: true } }), 1 + 8 + 1 + 1);
  assert.equal(
    itemSize({ l: { L: [{ S: 'ä' }] }, m: { M: { k: { NULL: true } } } }),
    1 + 3 + 1 + 2 + (1 + 3 + 1 + 1 + 1),
  );
});

test('a write is charged by the larger of the two, in KiB', () => {
  const large = { ...key, text: { S: 'x'.repeat(2000) } };
  assert.deepEqual(writeUnits(undefined, key), { table: 1, indexes: 0 });
  assert.deepEqual(writeUnits(large, key), { table: 2, indexes: 0 });
  assert.deepEqual(writeUnits(undefined, undefined), { table: 1, indexes: 0 });
});

test('an index is charged for its changes: twice if the entry moves', () => {
  const due = (shard: string, time: string, state = 'active'): Item => ({
    ...key,
    shard: { S: shard },
    due: { N: time },
    state: { S: state },
  });
  const cost = (before: Item | undefined, after: Item | undefined) => writeUnits(before, after).indexes;
  assert.equal(cost(key, due('active#0', '1')), 1);
  assert.equal(cost(due('active#0', '1'), due('active#0', '2')), 2);
  assert.equal(cost(due('active#0', '1'), due('active#0', '1', 'delivering')), 1);
  assert.equal(cost(due('active#0', '1'), { ...due('active#0', '1'), history: { S: 'not in the index' } }), 0);
  assert.equal(cost(due('active#0', '1'), key), 1);
});
