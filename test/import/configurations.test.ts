/** Whole configurations: in which class each setting is, and whether a stack can be made of the result. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { contextOf } from '../../functions/import/context.ts';
import { importClasses } from '../../functions/import/report.ts';
import { appStack } from '../infra/synthesize.ts';
import { configurationOf, configurations, imported } from './configurations.ts';

/** What was refused in a configuration is replaced with this. */
const replacements: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'cyrus-local': { 'unix:/run/cyrus/socket/lmtp': 'inet:cyrus.internal:24' },
  'dovecot-virtual': { 'unix:private/dovecot-lmtp': 'inet:dovecot.internal:24' },
  kolab: { 'unix:/var/lib/imap/socket/lmtp': 'inet:cyrus.internal:24' },
  mailman3: { '[127.0.0.1]:8024': 'inet:mailman.internal:8024' },
};

/** Settings by class (refused, renamed, default, none, taken), before a server is replaced. */
const figures: Readonly<Record<string, readonly number[]>> = {
  'cyrus-auth': [4, 10, 0, 8, 8],
  'cyrus-local': [1, 1, 1, 16, 4],
  'dovecot-director': [0, 7, 4, 10, 12],
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

    test('the context values make a stack once its servers can be reached', () => {
      const replaced = imported(configurationOf(name), replacements[name]);
      const context = { destination: '', ...contextOf(replaced) };
      const { deliveries } = appStack(context);
      assert.deepEqual(
        [...deliveries.keys()],
        replaced.transports.map((plan) => plan.name),
      );
    });
  });
}
