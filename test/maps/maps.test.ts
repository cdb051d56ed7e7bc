/** Maps: what each type finds, and the error of an unusable one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { insideBraces, splitOutsideBraces } from '../../functions/maps/braces.ts';
import { logicalLines } from '../../functions/maps/logical-lines.ts';
import { MapError } from '../../functions/maps/lookup-table.ts';
import { MacroError, parseMacros } from '../../functions/maps/macros.ts';
import { type MapOptions, openMaps } from '../../functions/maps/maps.ts';

const text = (part: string) => fc.string({ unit: fc.constantFrom(...part) });

/** A file system of one file. */
const file = (content: string): MapOptions => ({ readFile: () => content });

/** Returns the error of a map. */
function fault(specification: string, options: MapOptions = {}): string {
  try {
    openMaps(specification, options);
  } catch (error) {
    assert.ok(error instanceof MapError, String(error));
    return error.message;
  }
  return assert.fail(`accepted: ${specification}`);
}

describe('static', () => {
  test('has the same value for every key, colons included', () => {
    assert.equal(openMaps('static:joe:secret').find('anything'), 'joe:secret');
  });
  test('has a value with blanks in braces', () => {
    assert.equal(openMaps('static:{ 4.2.2 mailbox full, perhaps }').find('x'), '4.2.2 mailbox full, perhaps');
  });
  test('needs a value', () => {
    assert.equal(fault('static:'), 'static map: it has no value; write static:value');
    assert.match(fault('static:{ }'), /no value/);
    assert.match(fault('static:{ a'), /braces do not match/);
  });
});

describe('inline', () => {
  const find = (specification: string, key: string) => openMaps(specification).find(key);
  test('has entries without blanks, and others in braces', () => {
    const map = 'inline:{ a=1, b=2 {c = 3 and more}{d=4}, { e=5 } }';
    assert.deepEqual(
      ['a', 'b', 'c', 'e', 'f'].map((key) => find(map.replace('}{', '} {'), key)),
      ['1', '2', '3 and more', '5', undefined],
    );
  });
  test('accepts equal signs and matching braces in values', () => {
    assert.equal(find('inline:{{ a = b=c {d} }}', 'a'), 'b=c {d}');
  });
  test('accepts quoted blanks and equal signs in keys, and keeps their quotes', () => {
    assert.equal(find('inline:{ { "a b=c"@d = 1 } }', '"a b=c"@d'), '1');
    assert.equal(find('inline:{ { a\\ b = 1 } }', 'a\\ b'), '1');
  });
  test('accepts an address with a port as a key', () => {
    assert.equal(find('inline:{ {inet:[127.0.0.1]:2400=joe:secret} }', 'inet:[127.0.0.1]:2400'), 'joe:secret');
  });
  test('uses the last of two values for a key', () => assert.equal(find('inline:{ a=1 a=2 }', 'A'), '2'));
  for (const [map, said] of [
    ['inline:a=b', 'inline map: its braces do not match'],
    ['inline:{ a=b', 'inline map: its braces do not match'],
    ['inline:{a=b}c', 'inline map: its braces do not match'],
    ['inline:{ }', 'inline map: it is empty'],
    ['inline:{ a=b, c }', 'inline map, entry 2: there is no key followed by ='],
    ['inline:{ =b }', 'inline map, entry 1: there is no key'],
    ['inline:{ { a b = c } }', 'inline map, entry 1: there is no key'],
    ['inline:{ { "a = c } }', 'inline map, entry 1: there is no key'],
    ['inline:{ {a=b}c }', 'inline map, entry 1: there is text after its closing brace'],
    ['inline:{ a= }', 'inline map, entry 1: the key "a" has no value'],
  ] as const) {
    test(`${map} cannot be used`, () => {
      assert.ok(fault(map).startsWith(said), fault(map));
      assert.ok(fault(map).endsWith('; write inline:{ key=value, { key = value with blanks } }'));
    });
  }
  test('finds all keys and values again', () => {
    const key = text('ab@.[]:-"\\ =').map((raw) => `"${raw.replaceAll(/["\\]/g, '\\$&')}"`);
    const value = text('ab@.[]:-"\\ =,').filter((raw) => raw.trim() === raw && raw !== '');
    fc.assert(
      fc.property(fc.dictionary(key, value, { minKeys: 1 }), (table) => {
        const entries = Object.entries(table).map(([name, result]) => `{ ${name} = ${result} }`);
        const maps = openMaps(`inline:{ ${entries.join(', ')} }`, { fold: false });
        for (const [name, result] of Object.entries(table)) assert.equal(maps.find(name), result);
      }),
    );
  });
});

describe('texthash', () => {
  test('has a key, blanks and a value in each line; comments, blank lines and continuation lines as in all tables', () => {
    const table = '# comment\n\na   1\nb\t2\n\n   and\n# in between\n  more\n  # not this\n"c d"@e 3 \r\n';
    const maps = openMaps('texthash:/x', file(table));
    assert.equal(maps.find('a'), '1');
    assert.equal(maps.find('b'), '2   and  more');
    assert.equal(maps.find('"c d"@e'), '3');
    assert.equal(maps.find('c'), undefined);
  });
  test('has the named path', () => {
    const paths: string[] = [];
    openMaps('texthash:/opt/a, texthash:b:c', { readFile: (path) => `x ${paths.push(path)}` });
    assert.deepEqual(paths, ['/opt/a', 'b:c']);
  });
  for (const [table, said] of [
    ['a 1\nb\n', 'texthash:/x, line 2: write a key, blanks and a value'],
    ['\n# c\na 1\n  x\n"b 2\n', 'texthash:/x, line 5: write a key, blanks and a value'],
    ['a 1\nA 2\n', 'texthash:/x, line 2: the key "A" is already in line 1'],
  ] as const) {
    test(`${JSON.stringify(table)} cannot be used`, () => assert.equal(fault('texthash:/x', file(table)), said));
  }
  test('distinguishes upper and lower case of keys where the parameter says so', () => {
    const maps = openMaps('texthash:/x', { ...file('a 1\nA 2\n'), fold: false });
    assert.deepEqual([maps.find('a'), maps.find('A')], ['1', '2']);
  });
  test('reports a file that cannot be read, and a missing one', () => {
    assert.match(fault('texthash:/no/such/file'), /^texthash:\/no\/such\/file: the file cannot be read \(ENOENT\)$/);
    assert.equal(fault('texthash:'), 'texthash: names no file; write texthash:/path');
  });
  test('never shows a value in an error, because it may be a secret', () => {
    for (const table of ['a joe:secret\na joe:secret\n', '"a joe:secret\n']) {
      assert.doesNotMatch(fault('texthash:/x', file(table)), /secret/);
    }
  });
});

describe('several maps', () => {
  test('are searched in order, and the first entry counts', () => {
    const maps = openMaps('inline:{ a=1 }, regexp:{{/^b/ 2}} static:3');
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => maps.find(key)),
      ['1', '2', '3'],
    );
  });
  test('an empty list has no entries, and an empty key is in no map', () => {
    assert.ok(openMaps(' , ').isEmpty);
    assert.equal(openMaps('').find('a'), undefined);
    assert.equal(openMaps('static:x').find(''), undefined);
  });
  test('keys are in lower case for tables, and unchanged for regular expressions', () => {
    const maps = openMaps('inline:{ Key=1 }, regexp:{{/^Other$/i 2}}');
    assert.deepEqual(
      ['KEY', 'Other', 'other'].map((key) => maps.find(key)),
      ['1', '2', undefined],
    );
  });
  for (const [map, said] of [
    ['hash:/etc/map', 'there is no map type "hash"; static:, inline:, texthash:, regexp: are allowed'],
    ['/etc/map', '"/etc/map" names no type of map; static:, inline:, texthash:, regexp: are allowed'],
    ['Static:x', 'there is no map type "Static"; static:, inline:, texthash:, regexp: are allowed'],
    ['static:a b', '"b" names no type of map; static:, inline:, texthash:, regexp: are allowed'],
  ] as const) {
    test(`${map} cannot be used`, () => assert.equal(fault(map), said));
  }
  test('any other text raises no other error when a map is opened or searched', () => {
    const specification = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(
          fc.constantFrom('static:', 'inline:', 'texthash:', 'regexp:', 'regexp:{', 'inline:{'),
          text('{}/= ,a$1()!ixf\n#'),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(
        specification,
        fc.string(),
        fc.string({ unit: fc.constantFrom(...'/a(b) $1\n#if') }),
        (map, key, content) => {
          try {
            openMaps(map, file(content)).find(key);
          } catch (error) {
            assert.ok(error instanceof MapError, String(error));
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test('words are split at commas and blanks outside braces, without other losses', () => {
  assert.deepEqual(splitOutsideBraces(' a, {b c},d{e f}g }h ,, i{j k'), ['a', '{b c}', 'd{e f}g', '}h', 'i{j k']);
  fc.assert(
    fc.property(text('ab{} ,\n'), (input) => {
      const visible = (s: string) => s.replaceAll(/[\s,]/g, '');
      assert.equal(visible(splitOutsideBraces(input).join('')), visible(input));
    }),
  );
});

test('the text inside braces is that of the first pair, if nothing follows it', () => {
  assert.equal(insideBraces('{ a {b} }'), ' a {b} ');
  for (const none of ['', 'a', '{', '{}a', '{a}{b}', ' {a}']) assert.equal(insideBraces(none), undefined);
  fc.assert(fc.property(text('ab \u{1f4ec}'), (inner) => assert.equal(insideBraces(`{${inner}}`), inner)));
});

test('a logical line has the number of its first line', () => {
  assert.deepEqual(logicalLines('\n a\n#\nb\n\tc\n\nd'), [
    { number: 2, text: 'a' },
    { number: 4, text: 'b\tc' },
    { number: 7, text: 'd' },
  ]);
});

test('a $ is followed by a name, or doubled', () => {
  assert.deepEqual(parseMacros('a$b.$' + '{c}d$(e)$$f$$'), [
    { literal: 'a' },
    { name: 'b' },
    { literal: '.' },
    { name: 'c' },
    { literal: 'd' },
    { name: 'e' },
    { literal: '$' },
    { literal: 'f' },
    { literal: '$' },
  ]);
  for (const wrong of ['$', 'a$ b', '$' + '{}', '$(a', '$-']) assert.throws(() => parseMacros(wrong), MacroError);
});
