import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashOf, slotOf } from '../../functions/request/hash.ts';

test('the same request has the same hash, in any order of its fields', () => {
  assert.equal(hashOf({ a: 1, b: [{ c: 2, d: 3 }] }), hashOf({ b: [{ d: 3, c: 2 }], a: 1 }));
  assert.equal(hashOf({ a: 1, b: undefined }), hashOf({ a: 1 }));
});

test('another request has another hash', () => {
  const hashes = [
    {},
    [],
    null,
    '',
    0,
    false,
    'a',
    ['a'],
    { a: 1 },
    { a: '1' },
    { a: [1] },
    ['a', 'b'],
    ['b', 'a'],
    ['ab'],
  ];
  assert.equal(new Set(hashes.map(hashOf)).size, hashes.length);
});

test('a hash is that of the canonical JSON', () => {
  // SHA-256 of {"a":"b"}
  assert.equal(hashOf({ a: 'b' }), 'db4a7ecb114bc66c623a06c4ff6fe8daa2f49cc270ebbf7a1f81e22ab061c837');
});

test('a request that was stored as JSON and read again keeps its hash', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(hashOf(JSON.parse(JSON.stringify(value))), hashOf(value));
    }),
  );
});

test('slots are numbers below their count, always the same for the same name, and all are used', () => {
  const slots = Array.from({ length: 1000 }, (_, n) => slotOf(`4bXq1/${n}`, 20));
  assert.ok(slots.every((slot) => Number.isInteger(slot) && slot >= 0 && slot < 20));
  assert.deepEqual(
    slots,
    Array.from({ length: 1000 }, (_, n) => slotOf(`4bXq1/${n}`, 20)),
  );
  const uses = Map.groupBy(slots, (slot) => slot);
  assert.equal(uses.size, 20);
  for (const used of uses.values()) assert.ok(used.length > 20 && used.length < 90, `${used.length} of 1000`);
  assert.equal(slotOf('anything', 1), 0);
});
