/**
 * POSIX regular expressions, compared with the results of regexec(3) of glibc, and with JavaScript's where
 * both mean the same.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { types } from 'node:util';
import { createContext, Script } from 'node:vm';
import fc from 'fast-check';
import { compilePosixRegexp, PosixRegexpError } from '../../functions/maps/posix-regexp.ts';

const match = (pattern: string, text: string, syntax = {}) => compilePosixRegexp(pattern, syntax).match(text);

/** Pattern, text, and the match with its groups. */
const cases: readonly [string, string, readonly (string | undefined)[] | undefined][] = [
  ['', 'abc', ['']],
  ['b', 'abc', ['b']],
  ['^b', 'abc', undefined],
  ['c$', 'abc', ['c']],
  ['a|ab', 'ab', ['ab']],
  ['(a|ab)(c|bcd)', 'abcd', ['abcd', 'a', 'bcd']],
  ['x*', 'aaa', ['']],
  ['a*', 'baa', ['']],
  ['a+', 'baab', ['aa']],
  ['(a*)(ab)*b', 'aabb', ['aabb', 'a', 'ab']],
  ['a?b', 'ab', ['ab']],
  ['a{2}', 'aaa', ['aa']],
  ['a{2,}', 'aaa', ['aaa']],
  ['a{,2}', 'aaa', ['aa']],
  ['a{0}b', 'ab', ['b']],
  ['(a){0}b', 'ab', ['b', undefined]],
  ['^(a|b)*$', 'abab', ['abab', 'b']],
  ['(a)|(b)', 'b', ['b', undefined, 'b']],
  ['()', 'a', ['', '']],
  ['a||b', 'b', ['b']],
  ['a)', 'a)', ['a)']],
  ['[]a]+', 'x]a', [']a']],
  ['[^]a]', ']ax', ['x']],
  ['[a-]+', '-a-', ['-a-']],
  ['[+--]+', '+,-', ['+,-']],
  ['[\\]+', '\\', ['\\']],
  ['[a\\]]', 'a]', ['a]']],
  ['[[:digit:]]+', 'a42', ['42']],
  ['[[:alpha:]_-]+', '1a_b-c', ['a_b-c']],
  ['[[.-.]]', 'a-', ['-']],
  ['[[=a=]b]+', 'xab', ['ab']],
  ['[[:space:]]', 'a b', [' ']],
  ['[[:upper:]][[:lower:]]', 'aBc', ['Bc']],
  ['[[:xdigit:]]+', 'xyzBEEF', ['BEEF']],
  ['[[:punct:]]', 'a.b', ['.']],
  ['\\.', 'a.b', ['.']],
  ['\\(a\\)', '(a)', ['(a)']],
  ['\\$', 'a$', ['$']],
  ['\\bb', 'ab b', ['b']],
  ['\\<b\\>', 'ab b', ['b']],
  ['\\Bb', 'b ab', ['b']],
  ['\\w+', '--ab_1--', ['ab_1']],
  ['\\W+', 'ab--c', ['--']],
  ['\\s\\S', 'a b', [' b']],
  ['a.c', 'a\nc', ['a\nc']],
  ['a^b', 'a^b', undefined],
  ['.', '\u{1f4ec}', ['\u{1f4ec}']],
  ['^.$', '\u{1f4ec}', ['\u{1f4ec}']],
  ['[\u00e0-\u00e9]+', 'caf\u00e9', ['\u00e9']],
];

describe('the leftmost match counts, and of several leftmost ones the longest:', () => {
  for (const [pattern, text, wanted] of cases) {
    test(`/${pattern}/ in ${JSON.stringify(text)}`, () => assert.deepEqual(match(pattern, text), wanted));
  }
});

describe('letter case may be ignored:', () => {
  for (const [pattern, text, matches] of [
    ['AbC', 'aBc', true],
    ['[a-c]', 'B', true],
    ['[^a]', 'A', false],
    ['[[:upper:]]', 'a', true],
    ['\u00e9', '\u00c9', true],
    ['\\Ba', 'A', false],
  ] as const) {
    test(`/${pattern}/ and ${text}`, () => {
      assert.equal(match(pattern, text, { ignoreCase: true }) !== undefined, matches);
    });
  }
});

describe('the basic syntax has its operators after backslashes:', () => {
  for (const [pattern, text, wanted] of [
    ['a+(b)|{2}', 'a+(b)|{2}', ['a+(b)|{2}']],
    ['\\(a\\)\\{2\\}', 'aa', ['aa', 'a']],
    ['a\\|b', 'b', ['b']],
    ['a\\+', 'aa', ['aa']],
    ['ab\\?', 'ab', ['ab']],
    ['*a', '*a', ['*a']],
    ['^*a', '*a', ['*a']],
    ['\\(*a\\)', '*a', ['*a', '*a']],
    ['a^b$c', 'a^b$c', ['a^b$c']],
    ['^a$', 'a', ['a']],
    ['\\(^a$\\)', 'a', ['a', 'a']],
  ] as const) {
    test(`/${pattern}/`, () => assert.deepEqual(match(pattern, text, { extended: false }), wanted));
  }
  test('a closing bracket without an opening one is an error', () => {
    assert.throws(() => match('a\\)', 'a', { extended: false }), /a closing bracket without an opening one/);
  });
});

test('in line mode, ^ and $ match at line ends, which . and [^x] do not match', () => {
  const lines = { multiline: true };
  assert.deepEqual(match('^b$', 'a\nb\nc', lines), ['b']);
  assert.deepEqual(match('.*', 'a\nb', lines), ['a']);
  assert.deepEqual(match('[^x]*', 'a\nb', lines), ['a']);
  assert.equal(match('\\`b', 'a\nb', lines), undefined);
  assert.deepEqual(match("b\\'", 'b\nb', lines), ['b']);
});

test('an expression with exponential backtracking elsewhere is fast', () => {
  const { user } = process.cpuUsage();
  for (const pattern of ['(a*)*b', '(a|aa)+$', '(a+)+b', '((a{1,9}){1,9})*c', '(.*)(.*)(.*)(.*)(.*)x']) {
    assert.equal(match(pattern, `${'a'.repeat(2000)}!`), undefined, pattern);
  }
  assert.ok(process.cpuUsage().user - user < 10_000_000, 'CPU time, for the machine may be busy');
});

test('an expression that would be slow because of its size is refused', () => {
  for (const pattern of [
    'a{255}{255}',
    '((((a{99}){99}){99}){99})',
    'a'.repeat(2001),
    `${'('.repeat(101)}${')'.repeat(101)}`,
  ]) {
    assert.throws(() => compilePosixRegexp(pattern), PosixRegexpError);
  }
});

/** Expressions that mean the same to JavaScript, except for the choice of alternatives. */
function expressions(depth: number): fc.Arbitrary<string> {
  const plain = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\.', '[a-c]');
  const atom =
    depth === 0
      ? plain
      : fc.oneof(
          plain,
          expressions(depth - 1).map((inner) => `(${inner})`),
        );
  const piece = fc.tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,2}')).map((parts) => parts.join(''));
  const sequence = fc.array(piece, { maxLength: 3 }).map((pieces) => pieces.join(''));
  return fc.array(sequence, { minLength: 1, maxLength: 3 }).map((sequences) => sequences.join('|'));
}

const question = createContext({});
const javaScript = new Script("new RegExp(pattern, 's').exec(text)");

/**
 * Returns the match of JavaScript; undefined if it does not come to an end, as with
 * `(([^a]*[a-c]?|[ab]?|)(|.)+([^a]+b?|.*|[ab]?[^a]*)*|([ab]{2}[ab]|[^a]){2})*b+[^a]` in `b....acc`.
 */
function askJavaScript(pattern: string, text: string): RegExpExecArray | null | undefined {
  try {
    return javaScript.runInContext(Object.assign(question, { pattern, text }), { timeout: 1000 });
  } catch (error) {
    // The error may be one of the other context, whose Error is not ours.
    if (types.isNativeError(error) && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      return undefined;
    throw error;
  }
}

test('a match exists, and begins, where JavaScript says so', () => {
  fc.assert(
    fc.property(expressions(2), fc.string({ unit: fc.constantFrom(...'abc.'), maxLength: 8 }), (pattern, text) => {
      const theirs = askJavaScript(pattern, text);
      const ours = match(pattern, text);
      fc.pre(theirs !== undefined);
      assert.equal(ours === undefined, theirs === null);
      if (theirs === null || ours === undefined) return;
      const whole = ours[0] ?? '';
      assert.ok(whole.length >= theirs[0].length, `${whole} is shorter than ${theirs[0]}`);
      assert.ok(text.startsWith(whole, theirs.index));
      assert.notEqual(askJavaScript(`^(?:${pattern})$`, whole), null);
    }),
    { numRuns: 1000 },
  );
});

test('any other text raises no other error when it is compiled or matched', () => {
  const pattern = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'ab()[]{}*+?|^$\\.:,-123') }),
  );
  fc.assert(
    fc.property(
      pattern,
      fc.string(),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      (source, text, extended, ignoreCase, multiline) => {
        try {
          const found = compilePosixRegexp(source, { extended, ignoreCase, multiline }).match(text);
          if (found !== undefined) assert.ok(text.includes(found[0] ?? 'nothing'));
        } catch (error) {
          assert.ok(error instanceof PosixRegexpError, String(error));
        }
      },
    ),
    { numRuns: 1000 },
  );
});
