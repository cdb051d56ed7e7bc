import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { jsonStructure } from '../../functions/json/structure.ts';

describe('a name that an object has twice is found with its path and place', () => {
  for (const [text, repeated] of [
    ['{"a":1,"a":2}', { name: 'a', path: 'a', line: 1, column: 8 }],
    ['{"a":{"b":1,\n "b":2}}', { name: 'b', path: 'a.b', line: 2, column: 2 }],
    ['{"r":[{"x":1},{"x":1,"x":1}]}', { name: 'x', path: 'r[1].x', line: 1, column: 22 }],
    ['[[],[{"x":[],"y":{},"x":{}}]]', { name: 'x', path: '[1][0].x', line: 1, column: 21 }],
    ['{"\\u0061":1,"a":2}', { name: 'a', path: 'a', line: 1, column: 13 }],
    ['{"a\\"":",","a\\"":2}', { name: 'a"', path: 'a"', line: 1, column: 12 }],
    ['{"__proto__":1,"__proto__":2}', { name: '__proto__', path: '__proto__', line: 1, column: 16 }],
    ['{"":1 , "":2}', { name: '', path: '', line: 1, column: 9 }],
    ['{"a":1,"a":2,"b":1,"b":2}', { name: 'a', path: 'a', line: 1, column: 8 }],
  ] as const) {
    test(text, () => assert.deepEqual(jsonStructure(text).repeated, repeated));
  }
});

describe('a name in another object, in a value or in other letter case is no repetition', () => {
  for (const text of [
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"a":"a","b":["a","a"]}',
    '{"a":1,"A":1}',
    '"a"',
    '3',
  ]) {
    test(text, () => assert.equal(jsonStructure(text).repeated, undefined));
  }
});

test('the depth is the number of levels, without those in strings', () => {
  assert.equal(jsonStructure('1').depth, 0);
  assert.equal(jsonStructure('{"[[[":"{{{"}').depth, 1);
  assert.equal(jsonStructure('[[],[[{}]]]').depth, 4);
  assert.equal(jsonStructure(`${'['.repeat(100_000)}${']'.repeat(100_000)}`).depth, 100_000);
});

const spaced = (json: string, blanks: string) => json.replaceAll(/("(?:[^"\\]|\\.)*")|([[\]{},:])/g, `$1$2${blanks}`);

test('any JSON of JSON.stringify has no repetition; with one of its names written again it has that one', () => {
  const values = fc.oneof(
    fc.jsonValue({ maxDepth: 4, stringUnit: fc.constantFrom(...'ab"\\{}[],:\n\u2028é😀') }),
    fc.jsonValue({ maxDepth: 4 }),
  );
  fc.assert(
    fc.property(values, fc.nat(), fc.constantFrom('', ' ', '\n\t'), (value, choice, blanks) => {
      const json = spaced(JSON.stringify(value), blanks);
      assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify(value)));
      assert.equal(jsonStructure(json).repeated, undefined);
      // A name is a string before a colon.
      const names = [...json.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?/g)].filter(([, , colon]) => colon !== undefined);
      const chosen = names[choice % Math.max(1, names.length)];
      if (chosen === undefined) return;
      const [, name = ''] = chosen;
      const twice = `${json.slice(0, chosen.index)}${name}:0,${json.slice(chosen.index)}`;
      assert.deepEqual(JSON.parse(twice), JSON.parse(json), 'JSON.parse does not see it');
      const { repeated } = jsonStructure(twice);
      assert.ok(repeated !== undefined);
      assert.equal(repeated.name, JSON.parse(name));
      assert.ok(repeated.path.endsWith(repeated.name));
    }),
    { numRuns: 500, seed: 9 },
  );
});
