import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { beginningOf, trailing, withoutTrailing } from '../../functions/smtp/ends.ts';

const isDot = (character: string) => character === '.' || character === '😀';

test('the characters at the end are those behind the last one that fails the test', () => {
  assert.equal(trailing('a.b..😀.', isDot), '..😀.');
  assert.equal(withoutTrailing('a.b..😀.', isDot), 'a.b');
  assert.equal(trailing('...', isDot), '...');
  assert.equal(trailing('', isDot), '');
  assert.equal(withoutTrailing('a', isDot), 'a');
});

test('both parts give the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('.', 'a', '😀', '\ud83d', '\ude00') }), (text) => {
      assert.equal(withoutTrailing(text, isDot) + trailing(text, isDot), text);
    }),
  );
});

test('the beginning of a text has whole characters, and as many as fit', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, octets) => {
      const beginning = beginningOf(text, octets);
      assert.ok(text.startsWith(beginning));
      assert.ok(Buffer.byteLength(beginning) <= octets);
      const next = String.fromCodePoint(text.codePointAt(beginning.length) ?? 0x61);
      assert.ok(beginning === text || Buffer.byteLength(beginning + next) > octets);
    }),
  );
});
