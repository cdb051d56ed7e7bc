/** What an import writes: context values of the app in a clone, and a CDK app. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { appText } from '../../functions/import/app-text.ts';
import { contextOf } from '../../functions/import/context.ts';
import { configurationOf, configurations, imported } from '../import/configurations.ts';
import { chooseCode } from '../support/own-package.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { appStack, stubCode } from './synthesize.ts';

const packages: ReadonlyMap<string, string> = new Map([
  ['lambda-lmtp', new URL('../support/own-package.ts', import.meta.url).href],
  ['aws-cdk-lib', import.meta.resolve('aws-cdk-lib')],
]);
registerHooks({ resolve: (specifier, context, next) => next(packages.get(specifier) ?? specifier, context) });

/** Returns the outputs of the stack of an app. */
async function outputsOf(name: string): Promise<readonly string[]> {
  using folder = makeTemporaryFolder();
  const file = folder.write('app.ts', appText(imported(configurationOf(name)), 'Mail'));
  const { stack } = (await import(pathToFileURL(file).href)) as { readonly stack: Stack };
  return Object.keys(Template.fromStack(stack).toJSON()['Outputs'] as object);
}

test('an app with one transport, and one with several, are synthesized', async () => {
  chooseCode(stubCode);
  const one = await outputsOf('dovecot-director');
  assert.ok(one.includes('QueueTableName'), one.join(' '));
  const several = await outputsOf('several');
  assert.ok(
    several.some((name) => /^Mailman/i.test(name)) && several.some((name) => /^DovecotTls/i.test(name)),
    several.join(' '),
  );
});

/** Servers that functions reach, instead of those that an import refuses. */
const replacements: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'cyrus-local': { 'unix:/run/cyrus/socket/lmtp': 'inet:cyrus.internal:24' },
  'dovecot-virtual': { 'unix:private/dovecot-lmtp': 'inet:dovecot.internal:24' },
  kolab: { 'unix:/var/lib/imap/socket/lmtp': 'inet:cyrus.internal:24' },
  mailman3: { '[127.0.0.1]:8024': 'inet:mailman.internal:8024' },
};

for (const { name } of configurations) {
  test(`the context values of ${name} make a stack once its servers can be reached`, () => {
    const given = imported(configurationOf(name), replacements[name]);
    const { deliveries } = appStack({ destination: '', ...contextOf(given) });
    assert.deepEqual(
      [...deliveries.keys()],
      given.transports.map((plan) => plan.name),
    );
  });
}
