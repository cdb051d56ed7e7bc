/** The lighter hooks of Node's test runner: tests come out as without them, and no promise is followed. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

/** Whatever asks which test is running, and all of it after an await. */
const tests = `
  import { executionAsyncId } from 'node:async_hooks';
  import { after, before, describe, test } from 'node:test';
  import { setTimeout as sleep } from 'node:timers/promises';

  test('throws in a timer', async () => {
    await sleep(1);
    setTimeout(() => { throw new Error('thrown late'); }, 1);
    await sleep(20);
  });
  test('leaves a rejection unhandled', async () => {
    await sleep(1);
    void Promise.reject(new Error('rejected'));
    await sleep(20);
  });
  test('has a nested test', async () => {
    await sleep(1);
    await test('that fails', () => { throw new Error('nested'); });
  });
  describe('a group that takes its time', async () => {
    await sleep(1);
    before(() => console.log('before the group'));
    after(() => console.log('after the group'));
    test('has its tests', () => {});
  });
  test('follows', async () => {
    await sleep(1);
    console.log(executionAsyncId() === 0 ? 'not followed' : 'followed');
  });
`;

let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'light-hooks-'));
  await writeFile(join(directory, 'some.mjs'), tests);
});
after(() => rm(directory, { recursive: true, force: true }));

/** What the tests came to, without times and stacks. Sorted, for what a test writes itself may come sooner or later. */
async function outcomesOf(...options: string[]): Promise<readonly string[]> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = [...options, '--test-reporter=tap', join(directory, 'some.mjs')];
  const failing = promisify(execFile)(process.execPath, args, { env });
  const { stdout } = (await failing.catch((error: unknown) => error)) as { stdout: string };
  const telling = /^ *(?:ok|not ok|error:|failureType:|# (?!duration)|before|after|followed|not followed)/;
  return stdout
    .split('\n')
    .filter((line) => telling.test(line))
    .sort();
}

const preload = ['--import', new URL('light-hooks.ts', import.meta.url).href];

test('errors, rejections, nested tests and hooks belong to the same tests as without it', async () => {
  const [plain, light] = await Promise.all([outcomesOf(), outcomesOf(...preload)]);
  assert.deepEqual(plain.filter((line) => line.includes('not ok')).length, 4);
  const isAboutFollowing = (line: string) => line.includes('followed');
  assert.deepEqual(
    light.filter((line) => !isAboutFollowing(line)),
    plain.filter((line) => !isAboutFollowing(line)),
  );
});

test('no promise is followed, which takes most of the time of a test that awaits much', async () => {
  assert.ok((await outcomesOf(...preload)).includes('not followed'));
});
