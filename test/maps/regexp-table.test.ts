/** Tables of regular expressions (regexp_table(5)). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MapError } from '../../functions/maps/lookup-table.ts';
import { openMaps } from '../../functions/maps/maps.ts';
import { longestKey } from '../../functions/maps/regexp-table.ts';

const table = (text: string) => openMaps('regexp:/x', { readFile: () => text });
const find = (text: string, key: string) => table(text).find(key);

function fault(open: () => unknown): string {
  try {
    open();
  } catch (error) {
    assert.ok(error instanceof MapError, String(error));
    return error.message;
  }
  return assert.fail('taken in');
}

test('the first matching pattern gives the result', () => {
  const rules = '/^4\\.2\\.2 (.*)/  5.2.2 filtered: $1\n/^4/ 5.0.0 all others\n';
  assert.equal(find(rules, '4.2.2 mailbox full'), '5.2.2 filtered: mailbox full');
  assert.equal(find(rules, '4.7.1 wait'), '5.0.0 all others');
  assert.equal(find(rules, '2.0.0 ok'), undefined);
});

test('groups are inserted by number in three forms, and $$ is a dollar sign', () => {
  assert.equal(find('/(a)(b)(c)?/ $2$(1)$' + '{1}0 $$1 [$3]', 'ab'), 'baa0 $1 []');
});

test('! means that the pattern must not match', () => {
  assert.equal(find('!/^250 / other', '451 no'), 'other');
  assert.equal(find('!/^250 / other', '250 yes'), undefined);
  assert.equal(find('!!/^250 / same', '250 yes'), 'same');
  assert.equal(find('! /^250 / other', '451 no'), 'other');
});

test('the old form /pattern/!/pattern/ matches where the first does and the second does not', () => {
  const rules = '/^4(.*)/!/7\\.1/ 5$1';
  assert.equal(find(rules, '4.2.2'), '5.2.2');
  assert.equal(find(rules, '4.7.1'), undefined);
});

test('any character may replace the slashes, and after a backslash it is literal', () => {
  assert.equal(find('~^/a/~ yes', '/a/'), 'yes');
  assert.equal(find('/^\\/a\\// yes', '/a/'), 'yes');
  assert.equal(find('%a/b% yes', 'a/b'), 'yes');
  assert.equal(find('/a b/ yes', 'a b'), 'yes');
});

test('flags toggle: i, upper and lower case', () => {
  assert.equal(find('/^Abc$/ yes', 'aBC'), 'yes');
  assert.equal(find('/^Abc$/i yes', 'aBC'), undefined);
  assert.equal(find('/^Abc$/ii yes', 'aBC'), 'yes');
  assert.equal(find('/[A-Z]/i yes', 'abc'), undefined);
});

test('flags toggle: m, ^ and $ at line ends', () => {
  assert.equal(find('/^b$/ yes', 'a\nb\nc'), undefined);
  assert.equal(find('/^b$/m yes', 'a\nb\nc'), 'yes');
  assert.equal(find('/a.b/ yes', 'a\nb'), 'yes');
  assert.equal(find('/a.b/m yes', 'a\nb'), undefined);
});

test('flags toggle: x, basic instead of extended expressions', () => {
  assert.equal(find('/^a+\\(b\\)$/x <$1>', 'a+b'), '<b>');
  assert.equal(find('/^a+(b)$/ <$1>', 'aab'), '<b>');
});

test('rules between if and endif count where the if matches, and they nest', () => {
  const rules = [
    'if /example\\.com$/',
    '/^postmaster@/ first',
    'IF !/^owner-/',
    '/^(.*)-list@/ list $1',
    'endif',
    '/x/ other',
    'EndIf',
    '/^/ outside',
  ].join('\n');
  assert.equal(find(rules, 'postmaster@example.com'), 'first');
  assert.equal(find(rules, 'a-list@example.com'), 'list a');
  assert.equal(find(rules, 'owner-a-list@example.com'), 'other');
  assert.equal(find(rules, 'a-list@example.net'), 'outside');
});

test('comments and continuation lines are as in all tables', () => {
  assert.equal(find('# /a/ no\n\n/a/\n   yes,\n# still\n   indeed\n', 'a'), 'yes,   indeed');
});

test('a table in the parameter has each rule in braces; commas and blanks may separate them', () => {
  const maps = openMaps('regexp:{{/^a{2}$/ two}, { if /b/ } {/^(.)/ has b: $1} {endif} { #/c/ no } }');
  assert.deepEqual(
    ['aa', 'xb', 'c'].map((key) => maps.find(key)),
    ['two', 'has b: x', undefined],
  );
});

test('an empty result means no result', () => assert.equal(find('/^a(.*)/ $1\n/^a/ other', 'a'), undefined));

describe('an unusable rule is reported with its line:', () => {
  const cases: readonly [string, string][] = [
    [
      '/a',
      'there is no pattern between two equal delimiters; write /pattern/flags result, if /pattern/, endif, or a #',
    ],
    ['a b', 'there is no pattern between two equal delimiters'],
    ['!', 'there is no pattern between two equal delimiters'],
    ['/a/', 'the pattern has no result'],
    ['/a/q b', '"q" is not a flag; i, m and x are allowed'],
    ['/(/ b', 'in the pattern "(", a group without an end'],
    ['/[a/ b', 'in the pattern "[a", a bracket without an end'],
    ['/[[:letter:]]/ b', 'in the pattern "[[:letter:]]", there is no class [:letter:]; allowed are alnum, alpha'],
    ['/*a/ b', 'in the pattern "*a", a repetition (*, +, ?, {}) of nothing'],
    ['/a{2,1}/ b', 'in the pattern "a{2,1}", "{2,1}" is not a range from 0 to 255'],
    ['/a{x}/ b', 'in the pattern "a{x}", braces without a count'],
    ['/(a)\\1/ b', 'in the pattern "(a)\\1", \\1 is a back reference, which is not supported'],
    ['/((a{200}){200})/ b', 'in the pattern "((a{200}){200})", too much repetition: matching would be too slow'],
    ['/a/ $1', '$1 is not a group of the pattern; the pattern has no groups; write $$ for a $'],
    ['/(a)/ $2', '$2 is not a group of the pattern; $1 to $1 are allowed'],
    ['/(a)/ $0', '$0 is not a group'],
    ['/(a)/ $a', '$a is not a group'],
    ['!/(a)/ $1', 'a negated pattern has no groups, so $1 has no value'],
    ['/(a)/ $ 1', 'in the result, a $ must be followed by a name'],
    ['if /a/', 'if without endif'],
    ['if /a/ b', '"b" after the pattern of an if'],
    ['endif', 'endif without if'],
    ['if /a/\nendif x', 'text after endif'],
  ];
  for (const [rules, said] of cases) {
    test(JSON.stringify(rules), () => {
      const message = fault(() => table(`# first\n${rules}\n`));
      const line = rules.includes('\n') ? 3 : 2;
      assert.ok(message.startsWith(`regexp:/x, line ${line}: ${said}`), message);
    });
  }
  test('in the parameter, with its number', () => {
    assert.match(
      fault(() => openMaps('regexp:{ {/a/ b} {/a} }')),
      /^regexp map, rule 2: there is no pattern/,
    );
    assert.match(
      fault(() => openMaps('regexp:{ /a/ }')),
      /^regexp map, rule 1: it is not in braces; write regexp:\{ \{ /,
    );
    assert.match(
      fault(() => openMaps('regexp:{ }')),
      /^regexp map: it is empty/,
    );
    assert.match(
      fault(() => openMaps('regexp:{ {/a/ b} ')),
      /^regexp map: its braces do not match/,
    );
  });
});

test('a key that is too long is not looked up', () => {
  assert.equal(find('/^/ yes', 'a'.repeat(longestKey)), 'yes');
  assert.equal(find('/^/ yes', 'a'.repeat(longestKey + 1)), undefined);
});
