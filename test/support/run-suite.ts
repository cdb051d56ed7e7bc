/**
 * Runs the tests of one suite with Node's test runner, in a process of its own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Suite } from './suites.ts';
import { type Counts, noTests } from './test-outcome.ts';

/** Files of a suite that are run at the same time. More than that only get in each other's way on two cores. */
const concurrency = 2;

/** Milliseconds that a test file may take in all, so that nothing hangs for ever. */
const fileTimeout = 300_000;

const tests = resolve(import.meta.dirname, '..');

/** The test files of a suite; empty if none of its places exists. */
export function suiteFiles({ places }: Suite): string[] {
  return places
    .map((place) => resolve(tests, place))
    .filter((path) => existsSync(path))
    .flatMap((path) => (path.endsWith('.test.ts') ? [path] : globSync(join(path, '**/*.test.ts')).sort()));
}

/**
 * Runs a suite to its end; failures are written to stdout.
 *
 * @returns counts, in which a run without tests, or one that failed without a failing test, counts as one failure
 */
export async function runSuite(suite: Suite): Promise<Counts> {
  const directory = await mkdtemp(join(tmpdir(), 'suite-'));
  const countsFile = join(directory, 'counts');
  try {
    const code = await runTestFiles(suiteFiles(suite), countsFile);
    const counts = { ...noTests, ...(JSON.parse(await readText(countsFile)) as Partial<Counts>) };
    const ran = counts.passed + counts.failed + counts.skipped;
    if (ran === 0) process.stdout.write(`\n✖ there is no test in ${suite.places.join(', ')}\n`);
    else if (code !== 0 && counts.failed === 0)
      process.stdout.write(`\n✖ the test runner ended with exit code ${code}\n`);
    const failed = ran === 0 || (code !== 0 && counts.failed === 0) ? 1 : counts.failed;
    return { ...counts, failed };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function readText(file: string): Promise<string> {
  return (await readFile(file, 'utf8').catch(() => '')) || '{}';
}

/** Resolves to the exit code of the test runner; 1 if a signal ended it. */
async function runTestFiles(files: readonly string[], countsFile: string): Promise<number> {
  // With no file at all Node would go and look for tests by itself.
  if (files.length === 0) return 1;
  const reporter = (name: string, destination: string) => [
    `--test-reporter=${new URL(name, import.meta.url)}`,
    `--test-reporter-destination=${destination}`,
  ];
  const args = [
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${fileTimeout}`,
    ...reporter('failure-reporter.ts', 'stdout'),
    ...reporter('count-reporter.ts', countsFile),
    ...files,
  ];
  // Without the variable by which Node's test runner knows its own children, so that suites can be tested too.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const cwd = resolve(tests, '..');
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}
