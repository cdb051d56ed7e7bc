/** Which test files the words of the test command ask for. */
import assert from 'node:assert/strict';
import { relative, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { longFiles, suites } from './suites.ts';
import { jobsOf, planOf, suiteFiles } from './test-plan.ts';

const tests = resolve(import.meta.dirname, '..');

/** The files that words ask for, by their path from test/. */
function filesFor(...words: readonly string[]): readonly string[] {
  return planOf(words).plan.flatMap(({ files }) => files.map((file) => relative(tests, file)));
}

describe('the test command', () => {
  test('without a word runs all files of all suites', () => {
    assert.deepEqual(filesFor().length, suites.flatMap(suiteFiles).length);
  });

  test('runs the files of the suites that it names', () => {
    const [sessions, conformance] = ['sessions', 'conformance'].map(
      (name) => suites.find((suite) => suite.name === name) ?? assert.fail(name),
    );
    assert.ok(sessions !== undefined && conformance !== undefined);
    const expected = [sessions, conformance].flatMap(suiteFiles).map((file) => relative(tests, file));
    assert.deepEqual(filesFor('conformance', 'sessions'), expected);
  });

  test('runs one test file by its name or its path', () => {
    const words = [
      'worker',
      'queue/work/worker',
      'worker.test.ts',
      'test/queue/work/worker.test.ts',
      './test/queue/work/worker.test.ts',
    ];
    for (const word of words) assert.deepEqual(filesFor(word), ['queue/work/worker.test.ts'], word);
  });

  test('runs the test of a source file by its path', () => {
    assert.deepEqual(filesFor('functions/queue/work/worker.ts'), ['queue/work/worker.test.ts']);
    assert.deepEqual(filesFor('infra/local/container.ts'), ['local/container.test.ts']);
  });

  test('runs the files of a folder, or those that have the word in their path, if no file has the name', () => {
    for (const folder of ['sasl', 'delivery', 'test/delivery/']) {
      const inFolder = filesFor(folder);
      const path = `${folder.replace(/^test\/|\/$/g, '')}/`;
      assert.ok(inFolder.length > 3 && inFolder.every((file) => file.startsWith(path)), inFolder.join());
    }
    const withWord = filesFor('dead-letter');
    assert.ok(withWord.length > 1 && withWord.every((file) => file.includes('dead-letter')), withWord.join());
  });

  test('says which words ask for nothing', () => {
    const { plan, unknown } = planOf(['worker', 'no-such-thing', '']);
    assert.equal(plan.length, 1);
    assert.deepEqual(unknown, ['no-such-thing', '']);
  });
});

describe('jobs', () => {
  test('have each planned file once', () => {
    const { plan } = planOf([]);
    const files = jobsOf(plan).flatMap((job) => job.files);
    assert.deepEqual(files.toSorted(), plan.flatMap((one) => one.files).toSorted());
  });

  test('begin with the longest files, each of them alone', () => {
    const first = jobsOf(planOf([]).plan).slice(0, longFiles.length);
    assert.deepEqual(
      first.map(({ files }) => files.map((file) => relative(tests, file))),
      longFiles.map((file) => [file]),
    );
  });

  test('have as many files as their suite has in one process', () => {
    const [suite] = suites;
    assert.ok(suite !== undefined);
    const files = Array.from({ length: 7 }, (_, n) => `/${n}.test.ts`);
    const jobs = jobsOf([{ suite: { ...suite, filesInOneProcess: 3 }, files }]);
    assert.deepEqual(
      jobs.map((job) => job.files.length),
      [3, 3, 1],
    );
  });
});
