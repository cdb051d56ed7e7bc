/** What `npm test` counts: a failure that is not counted goes unnoticed. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runSuite } from './run-suite.ts';
import type { Counts } from './test-outcome.ts';

/** Counts of a suite that consists of one file. */
async function countsOf(...lines: string[]): Promise<Counts> {
  const directory = await mkdtemp(join(tmpdir(), 'suite-of-one-'));
  try {
    await writeFile(join(directory, 'package.json'), '{"type":"module"}');
    const head = "import { after, describe, test } from 'node:test';";
    await writeFile(join(directory, 'one.test.ts'), [head, ...lines].join('\n'));
    return await runSuite({ name: 'one', about: 'a suite of one file', places: [directory] });
  } finally {
    await rm(directory, { recursive: true });
  }
}

const passes = "test('passes', () => {});";
const fails = "test('fails', () => { throw new Error('wrong'); });";

test('tests are counted, the describe around them is not', async () => {
  const counts = await countsOf(`describe('group', () => { ${passes} ${fails} });`, passes);
  assert.deepEqual(counts, { passed: 2, failed: 1, skipped: 0 });
});

test('skipped tests and todo tests are counted as skipped', async () => {
  const group = `describe('group', { skip: 'no server' }, () => { ${passes} });`;
  const counts = await countsOf("test.skip('later');", "test.todo('some day');", group, passes);
  assert.deepEqual(counts, { passed: 1, failed: 0, skipped: 3 });
});

test('a failing todo test is counted as skipped', async () => {
  const fails = "test('known', { todo: 'some day' }, () => { throw new Error('not yet'); });";
  assert.deepEqual(await countsOf(fails, passes), { passed: 1, failed: 0, skipped: 1 });
});

test('a file without tests is a failure', async () => {
  assert.deepEqual(await countsOf(), { passed: 0, failed: 1, skipped: 0 });
});

test('a file that cannot be loaded is a failure', async () => {
  assert.deepEqual(await countsOf("import './no-such-file.ts';"), { passed: 0, failed: 1, skipped: 0 });
});

test('a clean-up that fails is a failure', async () => {
  const cleanUp = "after(() => { throw new Error('not clean'); });";
  assert.deepEqual(await countsOf(`describe('group', () => { ${cleanUp} ${passes} });`), {
    passed: 1,
    failed: 1,
    skipped: 0,
  });
});

test('a file that ends in the middle of its tests is a failure', async () => {
  const { failed } = await countsOf(passes, "test('never ends', () => { process.exit(0); });");
  assert.ok(failed > 0);
});

test('a suite whose places do not exist is a failure', async () => {
  const counts = await runSuite({ name: 'none', about: 'nothing', places: ['no-such-folder'] });
  assert.deepEqual(counts, { passed: 0, failed: 1, skipped: 0 });
});
