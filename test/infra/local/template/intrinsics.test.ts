import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type References,
  resolveText,
  resolveValue,
  TemplateError,
} from '../../../../infra/local/template/intrinsics.ts';

const references: References = {
  ref: (name) => `ref-${name}`,
  attribute: (logicalId, name) => `${logicalId}-${name}`,
};

/** `${name}` in a text of CloudFormation. */
function hole(name: string): string {
  return `\${${name}}`;
}

const cases: readonly (readonly [string, unknown, unknown])[] = [
  ['Ref', { Ref: 'Queue' }, 'ref-Queue'],
  ['Fn::GetAtt as a list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'Queue-Arn'],
  ['Fn::GetAtt as text', { 'Fn::GetAtt': 'Nested.Outputs.Arn' }, 'Nested-Outputs.Arn'],
  ['Fn::Join', { 'Fn::Join': [':', ['arn', { Ref: 'AWS::Region' }, 'x']] }, 'arn:ref-AWS::Region:x'],
  ['Fn::Split', { 'Fn::Split': ['/', { Ref: 'a/b' }] }, ['ref-a', 'b']],
  ['Fn::Select', { 'Fn::Select': [1, { 'Fn::Split': ['/', 'a/b'] }] }, 'b'],
  [
    'Fn::Sub',
    { 'Fn::Sub': `${hole('Queue.Arn')}/${hole('AWS::Region')}/${hole('!kept')}` },
    `Queue-Arn/ref-AWS::Region/${hole('kept')}`,
  ],
  ['Fn::Sub with variables', { 'Fn::Sub': [hole('here'), { here: { Ref: 'X' } }] }, 'ref-X'],
  ['AWS::NoValue in an object', { a: 1, b: { Ref: 'AWS::NoValue' } }, { a: 1 }],
  ['AWS::NoValue in a list', [1, { Ref: 'AWS::NoValue' }], [1]],
  ['an object whose only key is not a function', { Reference: 'x' }, { Reference: 'x' }],
];
for (const [name, value, expected] of cases) {
  test(`${name} is resolved`, () => {
    assert.deepEqual(resolveValue(value, references), expected);
  });
}

const wrong: Readonly<Record<string, unknown>> = {
  'an unknown function': { 'Fn::ImportValue': 'x' },
  'a condition': { 'Fn::If': ['c', 1, 2] },
  'a Ref that is not a string': { Ref: 1 },
  'an attribute without a name': { 'Fn::GetAtt': ['Queue'] },
  'a Join without a list': { 'Fn::Join': ['', 'x'] },
  'a Select beyond the end': { 'Fn::Select': [5, ['a']] },
};
for (const [name, value] of Object.entries(wrong)) {
  test(`${name} is an error`, () => {
    assert.throws(() => resolveValue({ deep: [value] }, references), TemplateError);
  });
}

test('a value without functions stays unchanged, and only TemplateError is thrown', () => {
  const key = fc.string().filter((text) => text !== 'Ref' && !text.startsWith('Fn::') && text !== '__proto__');
  const plain = fc.letrec((tie) => ({
    value: fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), tie('list'), tie('object')),
    list: fc.array(tie('value'), { maxLength: 3 }),
    object: fc.dictionary(key, tie('value'), { maxKeys: 3 }),
  })).value;
  fc.assert(
    fc.property(plain, (value) => {
      assert.deepEqual(resolveValue(value, references), JSON.parse(JSON.stringify(value)));
    }),
  );
  const name = fc.constantFrom('Ref', 'Fn::GetAtt', 'Fn::Join', 'Fn::Split', 'Fn::Select', 'Fn::Sub', 'Fn::Nonsense');
  fc.assert(
    fc.property(name, fc.anything(), (intrinsic, argument) => {
      try {
        resolveValue({ [intrinsic]: argument }, references);
      } catch (error) {
        assert.ok(error instanceof TemplateError, String(error));
      }
    }),
  );
});

test('text is text', () => {
  assert.equal(resolveText(5, references), '5');
  assert.throws(() => resolveText({ a: 1 }, references), TemplateError);
  assert.throws(() => resolveText({ Ref: 'AWS::NoValue' }, references), TemplateError);
});
