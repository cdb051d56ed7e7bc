/** What an import takes for the routes of Postfix, compared with the real trivial-rewrite(8). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PostfixRoute, routeOf } from '../../functions/import/routing.ts';
import { configurations, imported, type SampleConfiguration } from '../import/configurations.ts';
import { addresses, generatedConfigurations } from '../import/generated-routing.ts';
import { canStartPostfix } from '../support/postfix.ts';
import { type Resolved, startRewrite } from '../support/trivial-rewrite.ts';

const skip = canStartPostfix() ? false : 'Postfix is not installed, or the tests do not run as root';

/** local(8) decides about its own transports after trivial-rewrite(8). */
const withoutLocal = (main: string) => main.replaceAll(/^(?:mailbox_transport|fallback_transport|myorigin).*$/gm, '');

const asResolved = ({ service, nextHop }: PostfixRoute): Resolved => ({ transport: service, nextHop });

/** The configuration without tables of databases, and with its files in one folder. */
function portable({ main, read, ...rest }: SampleConfiguration) {
  const files: Record<string, string> = {};
  const here = withoutLocal(main)
    .replaceAll(/(?:ldap|mysql):\S+/g, '')
    .replaceAll(/hash:(?=\/)/g, 'texthash:')
    .replaceAll(/\/(?:etc|var)\/[\w/.]*\/([\w.]+)/g, (path, name: string) => {
      const text = read(path);
      if (text !== undefined) files[name] = text;
      return text === undefined ? path : `/ETC/${name}`;
    });
  const lookUp = (path: string) => files[path.replace(/^\/ETC\//, '')];
  return { ...rest, main: here, read: lookUp, files };
}

/** Compares the routes of addresses; returns how many. */
async function compareAll(
  sample: Pick<SampleConfiguration, 'name' | 'main' | 'master' | 'read'>,
  recipients: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<number> {
  const { routing, main } = imported(sample);
  const settings = Object.fromEntries([...main.settings.values()].map(({ name, value }) => [name, value]));
  await using rewrite = await startRewrite(settings, files);
  for (const recipient of recipients) {
    const expected = await rewrite.resolve(recipient);
    assert.deepEqual(asResolved(routeOf(recipient, routing)), expected, `${recipient}: ${sample.name}`);
  }
  return recipients.length;
}

test('the routes of the sample configurations are those of trivial-rewrite', { skip }, async () => {
  const counts = await Promise.all(
    configurations.map((configuration) => {
      const { files, ...sample } = portable(configuration);
      return compareAll(
        sample,
        sample.recipients.filter((one) => one.includes('@')),
        files,
      );
    }),
  );
  assert.ok(counts.reduce((sum, count) => sum + count, 0) > 30, String(counts));
});

test('the routes of generated configurations are those of trivial-rewrite', { skip }, async () => {
  const samples = fc.sample(generatedConfigurations, { numRuns: 10, seed: 8 });
  await Promise.all(
    samples.map(({ settings, transport }) => {
      const main = withoutLocal(
        Object.entries(settings)
          .map(([name, value]) => `${name} = ${value}\n`)
          .join(''),
      );
      const sample = { name: `${main}${transport}`, main, master: '', read: () => transport };
      return compareAll(sample, addresses, { transport });
    }),
  );
});
