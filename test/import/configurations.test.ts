/** Whole configurations: in which class each setting is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { importClasses } from '../../functions/import/report.ts';
import { configurationOf, configurations, imported } from './configurations.ts';

/** Settings by class (refused, renamed, default, none, taken), before a server is replaced. */
const figures: Readonly<Record<string, readonly number[]>> = {
  'cyrus-auth': [4, 10, 0, 8, 8],
  'cyrus-local': [1, 1, 1, 16, 4],
  'dovecot-director': [0, 6, 5, 10, 12],
  'dovecot-virtual': [1, 1, 0, 31, 4],
  kolab: [3, 1, 0, 18, 2],
  mailman3: [1, 1, 0, 10, 3],
  'relay-all': [2, 3, 0, 6, 6],
  several: [5, 8, 1, 7, 8],
};

function count(name: string): readonly number[] {
  const { rows } = imported(configurationOf(name));
  return importClasses.map((found) => rows.filter((row) => row.class === found).length);
}

test('there are eight configurations', () => {
  assert.deepEqual(
    configurations.map(({ name }) => name),
    Object.keys(figures),
  );
});

for (const { name } of configurations) {
  describe(name, () => {
    test('each setting has one class', () => {
      assert.deepEqual(count(name), figures[name]);
    });

    test('no setting of main.cf is left out', () => {
      const { rows, main } = imported(configurationOf(name));
      const named = new Set(rows.map((row) => row.name));
      assert.deepEqual(
        [...main.settings.keys()].filter((setting) => !named.has(setting)),
        [],
      );
    });
  });
}
