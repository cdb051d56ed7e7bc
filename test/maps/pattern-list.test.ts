/** Lists of patterns (match_list(3)). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MapError } from '../../functions/maps/lookup-table.ts';
import { openPatternList } from '../../functions/maps/pattern-list.ts';

const strings = (text: string, files: Readonly<Record<string, string>> = {}) =>
  openPatternList(text, { matches: 'strings', readFile: (path) => files[path] ?? assert.fail(path) });
const hosts = (text: string) => openPatternList(text, { matches: 'hosts' });

describe('strings', () => {
  test('are compared as a whole, in any letter case', () => {
    const list = strings('one.test, Two.Test /run/lmtp', { '/run/lmtp': '' });
    assert.deepEqual(
      ['ONE.test', 'two.test', 'a.one.test', 'test'].map((name) => list.matches(name)),
      [true, true, false, false],
    );
  });
  test('static:all matches everything, and an empty list nothing', () => {
    assert.ok(strings('static:all').matches('anything'));
    assert.ok(!strings('').matches('anything'));
    assert.ok(strings('').isEmpty);
  });
  test('! excludes, and the first match decides', () => {
    const list = strings('!one.test static:all');
    assert.deepEqual([list.matches('one.test'), list.matches('two.test')], [false, true]);
    assert.ok(strings('!!one.test').matches('one.test'));
    assert.ok(!strings('static:all !one.test').matches('two') === false);
  });
  test('match every key of a map', () => {
    const list = strings('inline:{ one.test=x } regexp:{{/^two\\./ x}}');
    assert.deepEqual(
      ['One.test', 'two.a', 'three'].map((name) => list.matches(name)),
      [true, true, false],
    );
  });
  test('a file contains further patterns, and ! before it inverts them', () => {
    const files = { '/a': '# names\none.test\n  two.test, /b\n', '/b': '!three.test\n' };
    const list = strings('!/a static:all', files);
    assert.deepEqual(
      ['one.test', 'two.test', 'three.test', 'four.test'].map((name) => list.matches(name)),
      [false, false, true, true],
    );
  });
  test('files that name each other are told', () => {
    assert.throws(() => strings('/a', { '/a': '/a\n' }), /name each other in a loop/);
  });
  test('a name in brackets matches nothing, as in Postfix, but is reported', () => {
    const list = strings('[127.0.0.1]:2400, [127.0.0.1] one.test');
    assert.deepEqual(
      ['127.0.0.1', '[127.0.0.1]', 'one.test'].map((name) => list.matches(name)),
      [false, false, true],
    );
    assert.deepEqual(list.warnings, [
      '"[127.0.0.1]:2400" never matches: names are compared without brackets and port',
      '"[127.0.0.1]" never matches: names are compared without brackets and port',
    ]);
  });
});

describe('hosts', () => {
  const cases: readonly [string, readonly string[], boolean][] = [
    ['example.com', ['example.com'], true],
    ['example.com', ['mail.EXAMPLE.com'], true],
    ['example.com', ['badexample.com'], false],
    ['mail.example.com', ['example.com'], false],
    ['10.0.1.7', ['mail.test', '10.0.1.7'], true],
    ['[10.0.1.7]', ['mail.test', '10.0.1.7'], true],
    ['10.0.0.0/8', ['mail.test', '10.255.0.1'], true],
    ['10.0.0.0/8', ['mail.test', '11.0.0.1'], false],
    ['10.0.0.0/8', ['10.0.0.1.example.com'], false],
    ['0.0.0.0/0', ['mail.test', '2001:db8::7'], false],
    ['[2001:db8::]/32', ['mail.test', '2001:db8::7'], true],
    ['2001:db8:0:0::7', ['mail.test', '2001:db8::7'], true],
    ['[2001:db8::7]', ['mail.test', '2001:db8::8'], false],
    ['::1', ['localhost', '0:0:0:0:0:0:0:1'], true],
    ['!10.0.1.7 10.0.0.0/8', ['mail.test', '10.0.1.7'], false],
    ['inline:{ example.com=x }', ['mail.example.com', '10.0.1.7'], true],
    ['inline:{ 10.0.1.7=x }', ['mail.example.com', '10.0.1.7'], true],
    ['inline:{ 1.7=x }', ['mail.example.com', '10.0.1.7'], false],
    ['regexp:{{/^com$/ x}}', ['example.com'], false],
  ];
  for (const [list, names, matches] of cases) {
    test(`${list}: ${names.join(' ')}`, () => assert.equal(hosts(list).matches(...names), matches));
  }
  test('a word in brackets that is no address is told', () => {
    assert.deepEqual(hosts('[mail.test]').warnings, ['"[mail.test]" never matches: it is not an address']);
  });
});

describe('an unusable list is reported:', () => {
  for (const [list, said] of [
    ['one.test:24', /^there is no map type "one.test"; static:, inline:, texthash:, regexp: are allowed$/],
    ['a !', /^"!": the ! needs a pattern after it$/],
    ['10.0.0.0/33', /^"10.0.0.0\/33": the mask must have 0 to 32 bits$/],
    ['10.0.0.1/8', /^"10.0.0.1\/8": the bits outside the mask must be zero$/],
    ['/no/such/file', /^\/no\/such\/file: the file cannot be read \(ENOENT\)$/],
  ] as const) {
    test(list, () => {
      assert.throws(
        () => hosts(list),
        (error) => error instanceof MapError && said.test(error.message),
      );
    });
  }
});
