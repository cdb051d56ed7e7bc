/** How the jobs of all suites are run side by side. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Suite } from './suites.ts';
import { type FileResult, noTests } from './test-outcome.ts';
import { defaultWorkers, runJobs, type SuiteResult } from './test-pool.ts';
import type { ProcessResult } from './test-process.ts';

const one: Suite = { name: 'one', about: 'first', places: [] };
const two: Suite = { name: 'two', about: 'second', places: [] };

function passed(file: string): FileResult {
  return { file, counts: { ...noTests, passed: 1 }, failures: [], seconds: 1, cpuSeconds: 1 };
}

function ran(...files: readonly string[]): ProcessResult {
  return { files: files.map(passed), left: [], text: '' };
}

/** Runs jobs; returns the suites in the order of their ends, and the texts. */
async function run(
  jobs: readonly { suite: Suite; files: readonly string[] }[],
  process: (files: readonly string[]) => Promise<ProcessResult>,
  workers = 2,
): Promise<{ suites: readonly SuiteResult[]; texts: readonly string[] }> {
  const suites: SuiteResult[] = [];
  const texts: string[] = [];
  await runJobs(
    jobs,
    { onText: (text) => texts.push(text), onSuite: (result) => suites.push(result) },
    workers,
    process,
  );
  return { suites, texts };
}

test('as many jobs as there are workers run at the same time, of whatever suites', async () => {
  let now = 0;
  let most = 0;
  const jobs = [one, one, two, two, two].map((suite, n) => ({ suite, files: [`${n}`] }));
  const { suites } = await run(
    jobs,
    async (files) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((next) => setImmediate(next));
      now -= 1;
      return ran(...files);
    },
    3,
  );
  assert.equal(most, 3);
  assert.deepEqual(
    suites.map(({ suite, files }) => [suite.name, files.map(({ file }) => file)]),
    [
      ['one', ['0', '1']],
      ['two', ['2', '3', '4']],
    ],
  );
});

test('a suite is done when its last job is, and not before', async () => {
  const jobs = [one, two, one].map((suite, n) => ({ suite, files: [`${n}`] }));
  const { suites } = await run(jobs, async (files) => ran(...files), 1);
  assert.deepEqual(
    suites.map(({ suite }) => suite.name),
    ['two', 'one'],
  );
});

test('files that a process left are run by another one', async () => {
  const calls: string[] = [];
  const jobs = [{ suite: one, files: ['a', 'b', 'c'] }];
  const { suites } = await run(jobs, async (files) => {
    calls.push(files.join(' '));
    return files.includes('b') ? { files: [passed('a'), passed('b')], left: ['c'], text: '' } : ran(...files);
  });
  assert.deepEqual(calls, ['a b c', 'c']);
  assert.deepEqual(
    suites.flatMap(({ files }) => files.map(({ file }) => file)),
    ['a', 'b', 'c'],
  );
});

test('the text of a job is told when the job is done', async () => {
  const jobs = [{ suite: one, files: ['a'] }];
  const { texts } = await run(jobs, async (files) => ({ ...ran(...files), text: 'it failed\n' }));
  assert.deepEqual(texts, ['it failed\n']);
});

test('there are at least two workers', () => {
  assert.ok(defaultWorkers() >= 2);
});
