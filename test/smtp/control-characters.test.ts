import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  escapeControls,
  escapeControlsInLines,
  escapedLine,
  findControl,
  replaceControls,
  safeJson,
} from '../../functions/smtp/control-characters.ts';

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const bidirectional = [0x061c, 0x200e, 0x200f, ...range(0x202a, 0x202e), ...range(0x2066, 0x2069)];
const controls = new Set([...range(0, 0x1f), ...range(0x7f, 0x9f), ...bidirectional, 0x2028, 0x2029]);

test('control characters are C0, DEL, C1, the bidirectional controls and the line separators, and no others', () => {
  const found = range(0, 0x10ffff)
    .filter((code) => code < 0xd800 || code > 0xdfff)
    .filter((code) => findControl(String.fromCodePoint(code)) !== undefined);
  assert.deepEqual(
    found,
    [...controls].toSorted((a, b) => a - b),
  );
});

test('a control character is named as Unicode names it, the first one of a text', () => {
  assert.equal(findControl('plain ä 😀'), undefined);
  assert.equal(findControl('a\u001b\u202e'), 'U+001B');
  assert.equal(findControl('a\u2028'), 'U+2028');
});

test('control characters and lone surrogates are shown as JSON escapes them', () => {
  assert.equal(escapeControls('a\u001b[2J\u009b\u202e\u2028\ud800 ä😀'), 'a\\u001b[2J\\u009b\\u202e\\u2028\\ud800 ä😀');
  assert.equal(escapeControls('a\nb'), 'a\\u000ab');
  assert.equal(escapeControlsInLines('a\nb\rc'), 'a\nb\\u000dc');
  assert.equal(replaceControls('a\u202eb\u001b', '?'), 'a?b?');
});

describe('a text becomes one line', () => {
  for (const [text, line] of [
    ['a', 'a'],
    ['', ''],
    [' a ', ' a '],
    ['a\r\nb', 'a b'],
    ['a \r\n\t b', 'a b'],
    ['a\r\n \r\n\nb', 'a b'],
    ['a\n', 'a '],
    ['\na', ' a'],
    ['a\tb\u2028c', 'a\\u0009b\\u2028c'],
  ] as const) {
    test(JSON.stringify(text), () => assert.equal(escapedLine(text), line));
  }
});

const textWithControls = fc.string({
  unit: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...[...controls].map((code) => String.fromCharCode(code)), '\ud800') },
    { weight: 3, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }) },
  ),
});

test('JSON with escaped control characters has none, and is read as the same value', () => {
  fc.assert(
    fc.property(fc.dictionary(textWithControls, fc.array(textWithControls)), (value) => {
      const json = safeJson(value);
      assert.equal(findControl(json), undefined);
      assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify(value)));
      const indented = safeJson(value, 2);
      assert.equal(findControl(indented.replaceAll('\n', '')), undefined);
      assert.deepEqual(JSON.parse(indented), JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 300 },
  );
});

test('no escaped text has a control character', () => {
  fc.assert(
    fc.property(textWithControls, (text) => {
      assert.equal(findControl(escapeControls(text)), undefined);
      assert.equal(findControl(escapedLine(text)), undefined);
      assert.equal(findControl(escapeControlsInLines(text).replaceAll('\n', '')), undefined);
    }),
    { numRuns: 300 },
  );
});

/** POSIX's class [:cntrl:] is the C library's. */
const others = ['functions/smtp/control-characters.ts', 'functions/maps/posix-bracket.ts'];

test('no other file has a definition of its own', () => {
  const project = join(import.meta.dirname, '../..');
  const own = /\\p\{(?:Cc|Control|C|Bidi_C)\b|\\(?:x|u00)1f|\\u202[ae89]|\\u206[69]/i;
  const found = globSync(['functions/**/*.ts', 'infra/**/*.ts'], { cwd: project })
    .filter((file) => own.test(readFileSync(join(project, file), 'utf8')))
    .filter((file) => !others.includes(file));
  // The specials of a MIME token (RFC 2045 section 5.1) are octets.
  assert.deepEqual(found, ['functions/smtp/mime-header-tokens.ts']);
});
