/** docs/props.md: every property with its type, meaning and default. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { propertiesOf, propsDocument } from '../../../infra/documents/props-document.ts';

const source = `export interface Props extends Other {
  /**
   * How long it may
   * run.
   *
   * @default 5
   */
  readonly time?: number | 'for ever' | undefined;
  /**
   * Where it goes.
   *
   * @default - nowhere
   */
  readonly to?: string | undefined;
}
`;

test('a property has the type, the meaning and the default of its docstring', () => {
  assert.deepEqual(propertiesOf('Props', source), [
    { name: 'time', type: "number \\| 'for ever'", about: 'How long it may run.', standard: '5' },
    { name: 'to', type: 'string', about: 'Where it goes.', standard: 'nowhere' },
  ]);
});

test('a property without a docstring is an error, and so is a missing interface', () => {
  const bare = source.replace(/ {2}\/\*\*\n {3}\* Where.*?\*\/\n/s, '');
  assert.throws(() => propertiesOf('Props', bare), /1 properties have no docstring/);
  assert.throws(() => propertiesOf('Absent', source), /no interface Absent/);
});

test('every property of the document has a meaning and a default', () => {
  const rows = [...propsDocument().matchAll(/^\| `\w+` \| `.+?` \| (.*) \| (.*) \|$/gm)];
  assert.ok(rows.length > 50, `${rows.length} rows`);
  for (const [row, about, standard] of rows) assert.ok(about !== '' && standard !== '', row);
});
