/** `$name` in main.cf, compared with the real postconf. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ExpansionError, expandMainCf } from '../../functions/import/expand.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';

/** Values by name. Here and below, @ stands for a dollar sign, which is no template. */
const written: Readonly<Record<string, string>> = {
  foo: 'bar',
  empty: '',
  number: '10',
  nested: 'x@{foo}y',
  loop: 'a@loop',
};
const dollars = (text: string) => text.replaceAll('@', '$');
const values = Object.fromEntries(Object.entries(written).map(([name, value]) => [name, dollars(value)]));
const expand = (text: string) => expandMainCf(dollars(text), (name) => values[name]);

describe('expansion of main.cf', () => {
  for (const [text, expected] of [
    ['@foo.@foo-@(foo)@{foo}', 'bar.bar-barbar'],
    ['@nested@@foo', 'xbary@foo'],
    ['[@absent]', '[]'],
    ['@{foo?yes @foo}@{empty?no}', 'yes bar'],
    ['@{empty:{no @{foo}}}@{foo:no}', 'no bar'],
    ['@{foo?{y}:{n}}@{empty?{y}:{n}}', 'yn'],
    ['[@{foo? z }][@{foo?{ z }}]', '[ z ][ z ]'],
    ['@{{@foo} == {bar} ? {eq} : {ne}}', 'eq'],
    ['@{{@number} < {9} ? {less} : {more}}', 'more'],
    ['@{{3.6} <level {3.10} ? {old} : {new}}', 'old'],
  ] as const) {
    test(`${text} is ${JSON.stringify(expected)}`, () => assert.equal(expand(text), dollars(expected)));
  }

  test('a loop, a bare dollar sign and open braces are refused, without any value in the message', () => {
    for (const text of ['@loop', 'a @ b', '@{foo', '@{{a} ? {b}}', '@{foo?{a}x}']) {
      assert.throws(
        () => expand(text),
        (error) => error instanceof ExpansionError && !error.message.includes('bar'),
        text,
      );
    }
  });

  test('any text is expanded or refused', () => {
    const word = fc.constantFrom(
      '@',
      '{',
      '}',
      '(',
      ')',
      '?',
      ':',
      '==',
      '<',
      'level',
      'foo',
      'empty',
      'nested',
      ' ',
      '1',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 25 }), (words) => {
        try {
          assert.equal(typeof expand(words.join('')), 'string');
        } catch (error) {
          assert.ok(error instanceof ExpansionError, String(error));
        }
      }),
      { numRuns: 500, seed: 8 },
    );
  });
});

const isPostconfHere = spawnSync('/usr/sbin/postconf', ['-d', 'mail_version']).status === 0;

/** Expressions that Postfix accepts, of any depth. */
const expression: fc.Arbitrary<string> = fc.letrec<{ text: string; leaf: string }>((tie) => ({
  leaf: fc.constantFrom('a', 'x y', '@foo', '@empty', '@{number}', '@(nested)', '@@', ''),
  text: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.tuple(tie('text'), tie('leaf')).map(([a, b]) => `${a} ${b}`),
    fc
      .tuple(fc.constantFrom('foo', 'empty'), fc.constantFrom('?', ':'), tie('text'))
      .map(([n, o, t]) => `@{${n}${o}{${t}}}`),
    fc.tuple(fc.constantFrom('foo', 'empty'), tie('text'), tie('text')).map(([n, a, b]) => `@{${n}?{${a}}:{${b}}}`),
    fc
      .tuple(tie('leaf'), fc.constantFrom('==', '!=', '<', '<=', '>=', '>'), tie('leaf'), tie('text'))
      .map(([a, o, b, t]) => `@{{${a}} ${o} {${b}} ? {${t}} : {-}}`),
  ),
})).text;

test('300 generated expressions expand as postconf expands them', {
  skip: isPostconfHere ? false : 'no postconf here',
}, () => {
  using folder = makeTemporaryFolder();
  const texts = fc.sample(expression, { numRuns: 300, seed: 13 }).map(dollars);
  // Names that Postfix knows, since postconf shows no others: the restriction classes of smtpd.
  const names = texts.map((_, index) => `c${index}`);
  const { ['loop']: _, ...given } = values;
  const lines = [
    `smtpd_restriction_classes = ${[...names, ...Object.keys(given)].join(' ')}`,
    ...Object.entries(given).map(([name, value]) => `${name} = ${value}`),
    ...texts.map((text, index) => `c${index} = [${text}]`),
  ];
  folder.write('main.cf', `${lines.join('\n')}\n`);
  folder.write('master.cf', '');
  const { stdout } = spawnSync('/usr/sbin/postconf', ['-c', folder.path, '-x', ...names], { encoding: 'utf8' });
  const squeezed = (text: string) => text.replaceAll(/\s+/g, ' ');
  const theirs = stdout.split('\n').filter((line) => line !== '');
  assert.deepEqual(
    texts.map((text, index) => `c${index} = ${squeezed(expand(`[${text}]`))}`),
    theirs.map(squeezed),
  );
});
