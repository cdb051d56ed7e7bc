import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeXtext, encodeXtext } from '../../functions/smtp/xtext.ts';

test('plain text stays unchanged; +, = and unprintable characters become hexadecimal (RFC 3461 section 4)', () => {
  for (const [text, xtext] of [
    ['', ''],
    ['QQ314159', 'QQ314159'],
    ['a+b=c', 'a+2Bb+3Dc'],
    ['two words', 'two+20words'],
    ['carol@ivory.example', 'carol@ivory.example'],
    ['!~', '!~'],
    ['\u007f', '+7F'],
    ['\r\n\0', '+0D+0A+00'],
    ['ä', '+C3+A4'],
  ] as const) {
    assert.equal(encodeXtext(text), xtext, JSON.stringify(text));
    assert.equal(decodeXtext(xtext), text, xtext);
  }
});

test('invalid xtext is not decoded', () => {
  for (const text of ['+', '+2', '+2b', '+GG', 'a b', 'a=b', 'ä', 'line\r\n', '\u007f']) {
    assert.equal(decodeXtext(text), undefined, JSON.stringify(text));
  }
});

test('every encoded text is decoded again, and never breaks its command line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const encoded = encodeXtext(text);
      assert.match(encoded, /^[!-~]*$/);
      assert.doesNotMatch(encoded, /=/);
      assert.equal(decodeXtext(encoded), text);
    }),
    { numRuns: 1000 },
  );
});
