/** What `npm test` counts: a failure that is not counted is a failure that stays unseen. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { type Counts, sumCounts } from './test-outcome.ts';
import { type ProcessResult, runInOneProcess } from './test-process.ts';

/** Runs test files that are made of these lines. */
async function resultOf(...files: readonly (readonly string[])[]): Promise<ProcessResult> {
  const directory = await mkdtemp(join(tmpdir(), 'some-tests-'));
  try {
    await writeFile(join(directory, 'package.json'), '{"type":"module"}');
    const head = "import { after, afterEach, before, describe, mock, test } from 'node:test';";
    const paths = files.map((_, index) => join(directory, `${index + 1}.test.ts`));
    await Promise.all(
      files.map(async (lines, index) => await writeFile(paths[index] ?? '', [head, ...lines].join('\n'))),
    );
    return await runInOneProcess(paths);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Counts of a run of one file. */
async function countsOf(...lines: string[]): Promise<Counts> {
  const { files } = await resultOf(lines);
  return sumCounts(files.map(({ counts }) => counts));
}

/** The failures of a run, by the names of their files. */
function failuresOf({ files }: ProcessResult): readonly (readonly [string, string, string])[] {
  return files.flatMap(({ failures }) =>
    failures.map(({ place, name, error }) => [basename(place), name, error] as const),
  );
}

const passes = "test('passes', () => {});";
const fails = "test('fails', () => { throw new Error('wrong'); });";
const neverEnds = "test('never ends', () => { process.exit(3); });";

describe('in a test file', () => {
  test('tests are counted, the describe around them is not', async () => {
    const counts = await countsOf(`describe('group', () => { ${passes} ${fails} });`, passes);
    assert.deepEqual(counts, { passed: 2, failed: 1, skipped: 0 });
  });

  test('what is skipped or still to be done is counted as skipped', async () => {
    const group = `describe('group', { skip: 'no server' }, () => { ${passes} });`;
    const counts = await countsOf("test.skip('later');", "test.todo('some day');", group, passes);
    assert.deepEqual(counts, { passed: 1, failed: 0, skipped: 3 });
  });

  test('what is known to fail is counted as skipped, as long as it is marked as still to be done', async () => {
    const fails = "test('known', { todo: 'some day' }, () => { throw new Error('not yet'); });";
    assert.deepEqual(await countsOf(fails, passes), { passed: 1, failed: 0, skipped: 1 });
  });

  test('the absence of tests is a failure', async () => {
    assert.deepEqual(await countsOf(), { passed: 0, failed: 1, skipped: 0 });
  });

  test('an import that cannot be loaded is a failure', async () => {
    assert.deepEqual(await countsOf("import './no-such-file.ts';"), { passed: 0, failed: 1, skipped: 0 });
  });

  test('a clean-up that fails is a failure', async () => {
    const cleanUp = "after(() => { throw new Error('not clean'); });";
    const failed = { passed: 1, failed: 1, skipped: 0 };
    assert.deepEqual(await countsOf(`describe('group', () => { ${cleanUp} ${passes} });`), failed);
    assert.deepEqual(await countsOf(cleanUp, passes), failed);
  });

  test('an error that comes when its test is over is a failure', async () => {
    const late = "test('is over', () => { setTimeout(() => { throw new Error('late'); }, 10); });";
    const { failed } = await countsOf(late, "test('waits', () => new Promise((end) => setTimeout(end, 100)));");
    assert.equal(failed, 1);
  });
});

test('a failed test is named behind its groups, with its place and the first line of its error', async () => {
  const inGroups = `describe('a server', () => { describe('with TLS', () => { ${passes} ${fails} }); });`;
  const result = await resultOf([inGroups, "test('is late', () => { throw new Error('first\\nsecond'); });"]);
  assert.deepEqual(failuresOf(result), [
    ['1.test.ts:2', 'a server with TLS fails', 'wrong'],
    ['1.test.ts:3', 'is late', 'first'],
  ]);
  assert.match(result.text, /✖ \S+1\.test\.ts:2 fails\n {4}Error: wrong/);
});

test('a failed comparison is told with both values', async () => {
  const compares = "test('compares', () => assert.deepEqual({ status: 'deferred' }, { status: 'sent' }));";
  const [failure] = failuresOf(await resultOf(["import assert from 'node:assert/strict';", compares]));
  const error = "Expected values to be strictly deep-equal: { status: 'deferred' }, not { status: 'sent' }";
  assert.deepEqual(failure, ['1.test.ts:3', 'compares', error]);
});

test('what a file writes is shown if something failed, and only then', async () => {
  const writes = "console.log('words of', 'the test');";
  assert.match((await resultOf([writes, fails])).text, /Written by \S+1\.test\.ts:\n {4}words of the test\n/);
  assert.equal((await resultOf([writes, passes])).text, '');
});

test('a figure that a test gives is shown in a line', async () => {
  const { text } = await resultOf(["test('counts', (t) => { t.diagnostic('42 of them'); });"]);
  assert.match(text, /^ {2}\S+1\.test\.ts:2: 42 of them\n$/);
});

describe('files in one process', () => {
  test('are counted each by itself', async () => {
    const { files, left } = await resultOf([passes, passes], [fails], [], [passes]);
    assert.deepEqual(
      files.map(({ file, counts: { passed, failed } }) => [basename(file), passed, failed]),
      [
        ['1.test.ts', 2, 0],
        ['2.test.ts', 0, 1],
        ['3.test.ts', 0, 1],
        ['4.test.ts', 1, 0],
      ],
    );
    assert.deepEqual(left, []);
  });

  test('find variables, working folder, mocks and hooks as if they were alone', async () => {
    const changes = `
      process.env.HOME = 'elsewhere'; process.env.NEW = 'yes'; process.chdir('/');
      before(() => {}); afterEach(() => { throw new Error('hook of another file'); });
      test.skip('nothing');
      mock.method(Math, 'random', () => 7);`;
    const looks = `
      test('is alone', () => {
        const { HOME, NEW } = process.env;
        if (HOME === 'elsewhere' || NEW !== undefined) throw new Error('variables');
        if (process.cwd() === '/' || Math.random() === 7) throw new Error('folder or mock');
      });`;
    assert.deepEqual(failuresOf(await resultOf([changes], [looks])), []);
  });

  test('that come after one that ends the process are left, and that one is a failure', async () => {
    const { files, left } = await resultOf([passes], [passes, neverEnds], [passes], [passes]);
    assert.deepEqual(
      files.map(({ counts: { passed, failed } }) => [passed, failed]),
      [
        [1, 0],
        [0, 1],
      ],
    );
    assert.match(files[1]?.failures[0]?.error ?? '', /ended before this file did: exit code 3/);
    assert.deepEqual(
      left.map((file) => basename(file)),
      ['3.test.ts', '4.test.ts'],
    );
  });
});
