/**
 * Runs the tests: `npm test` all of them, `npm test -- sessions servers` the suites named, `npm test -- queue/worker` the test
 * files named, `npm test -- list` none, but names the suites. With `--slowest` the files that took most CPU time are listed.
 *
 * The files of all suites run side by side, as many as the machine has cores for. At the end there is a table of the suites,
 * a list of the tests that failed, and a last line that says it all: `412 passed, 0 failed`. The exit code is 1 if anything
 * failed.
 *
 * Real mailbox servers come from Debian packages, which root on a Debian system gets installed. Elsewhere the tests that
 * lack one are skipped, and that is said; with CI=true, what a suite needs and lacks is a failure.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { bundlesVariable } from './support/bundle-once.ts';
import { installPackages, type Lack } from './support/debian-packages.ts';
import { findSecrets } from './support/secret-search.ts';
import { suites } from './support/suites.ts';
import { type FileResult, noTests, sumCounts } from './support/test-outcome.ts';
import { jobsOf, type PlannedSuite, planOf } from './support/test-plan.ts';
import { runJobs, type SuiteResult } from './support/test-pool.ts';
import { testimonies, witnessVariable } from './support/witness.ts';

/** A line of the table. */
interface Row extends Omit<FileResult, 'file' | 'cpuSeconds'> {
  readonly name: string;
}

/** Seconds for the download of packages that can be done without. */
const patience = 60;

/** How many files `--slowest` lists. */
const slowestFiles = 40;

/** @returns the exit code: 0, 1 if something failed, 64 if there is no such suite or test file */
async function main(given: readonly string[]): Promise<number> {
  const options = given.filter((word) => word.startsWith('--'));
  const words = given.filter((word) => !word.startsWith('--'));
  const strange = options.filter((option) => option !== '--slowest');
  if (words.includes('list')) return listSuites(process.stdout, 0);
  const { plan, unknown } = planOf(words);
  if (unknown.length > 0 || strange.length > 0) {
    const faults = [
      ...unknown.map((word) => `no such suite or test file: ${word}`),
      ...strange.map((option) => `no such option: ${option}`),
    ];
    process.stderr.write(`${faults.join('\n')}\nSuites are:\n`);
    return listSuites(process.stderr, 64);
  }
  const lacks = provide(plan);
  const bundles = await mkdtemp(join(tmpdir(), 'bundles-'));
  process.env[bundlesVariable] = bundles;
  const witness = await mkdtemp(join(tmpdir(), 'witness-'));
  process.env[witnessVariable] = witness;
  const results = await run(plan);
  const rows = [...rowsOf(plan, results), ...lacks, searchForSecrets(witness)];
  for (const folder of [witness, bundles]) await rm(folder, { recursive: true, force: true });
  if (options.includes('--slowest')) listSlowest(results.flatMap(({ files }) => files));
  return report(rows);
}

function listSuites(output: NodeJS.WritableStream, exitCode: number): number {
  for (const { name, about } of suites) output.write(`  ${name.padEnd(15)} ${about}\n`);
  return exitCode;
}

/**
 * Gets the packages installed that the suites need or want, and says which are missing.
 *
 * @returns with CI=true a row with what is needed and missing, for there every test must run; else none
 */
function provide(plan: readonly PlannedSuite[]): readonly Row[] {
  const needed = installPackages(plan.flatMap(({ suite }) => suite.needs ?? []));
  const wanted = installPackages(
    plan.flatMap(({ suite }) => suite.wants ?? []),
    { downloadWithin: patience },
  );
  for (const lack of [...needed, ...wanted]) tellLack(lack);
  if (process.env['CI'] !== 'true' || needed.length === 0) return [];
  const failures = needed.map(({ packages, reason }) => ({ place: packages.join(', '), name: '', error: reason }));
  return [{ name: 'packages', counts: { ...noTests, failed: failures.length }, failures, seconds: 0 }];
}

function tellLack({ packages, reason, remedy }: Lack): void {
  process.stdout.write(`- tests with ${packages.join(', ')} are skipped: ${reason}. To run them:\n→ ${remedy}\n`);
}

async function run(plan: readonly PlannedSuite[]): Promise<readonly SuiteResult[]> {
  const results: SuiteResult[] = [];
  await runJobs(jobsOf(plan), {
    onText: (text) => process.stdout.write(text),
    onSuite: (result) => {
      results.push(result);
      const { failures, seconds } = sumOf(result);
      const { name, about } = result.suite;
      process.stdout.write(`${failures.length > 0 ? '✖' : '✔'} ${name}: ${about} (${seconds.toFixed(1)} s)\n`);
    },
  });
  return results;
}

/** The rows of the suites, in their order. The seconds of a suite are those of its files, some of which ran side by side. */
function rowsOf(plan: readonly PlannedSuite[], results: readonly SuiteResult[]): readonly Row[] {
  return plan.flatMap(({ suite }) => {
    const result = results.find((one) => one.suite === suite);
    return result === undefined ? [] : [{ name: suite.name, ...sumOf(result) }];
  });
}

function sumOf({ files }: SuiteResult): Omit<Row, 'name'> {
  return {
    counts: sumCounts(files.map(({ counts }) => counts)),
    failures: files.flatMap(({ failures }) => failures),
    seconds: files.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

/** No password, no token and no key of the tests may stand in anything that the system wrote meanwhile. */
function searchForSecrets(witness: string): Row {
  const start = performance.now();
  let characters = 0;
  const found: string[] = [];
  for (const text of testimonies(witness)) {
    characters += text.length;
    for (const { what, where } of findSecrets(text)) {
      found.push(`a secret was written down: ${what}`);
      process.stdout.write(`\n✖ a secret was written down: ${what}: ${where}\n`);
    }
  }
  const seconds = (performance.now() - start) / 1000;
  const failures = found.map((error) => ({ place: 'secrets', name: '', error }));
  const megabytes = (characters / 1e6).toFixed(1);
  const failed = found.length > 0 ? 1 : 0;
  process.stdout.write(`${failed > 0 ? '✖' : '✔'} secrets: none in ${megabytes} MB of logs, transcripts and events\n`);
  return { name: 'secrets', counts: { passed: 1 - failed, failed, skipped: 0 }, seconds, failures };
}

/** Writes the files that took most CPU time: that is what the whole run waits for. */
function listSlowest(files: readonly FileResult[]): void {
  process.stdout.write('\nseconds      CPU\n');
  const slowest = files.toSorted((one, other) => other.cpuSeconds - one.cpuSeconds).slice(0, slowestFiles);
  for (const { file, seconds, cpuSeconds } of slowest) {
    const figures = [seconds, cpuSeconds].map((figure) => figure.toFixed(1).padStart(7)).join('  ');
    process.stdout.write(`${figures}  ${relative(process.cwd(), file)}\n`);
  }
}

/** Writes all failures again in short, for of a long log often only the end is kept. */
function listFailures(rows: readonly Row[]): void {
  const all = rows.flatMap(({ name: suite, failures }) => failures.map((failure) => ({ suite, ...failure })));
  if (all.length > 0) process.stdout.write('\nfailed:\n');
  for (const { suite, place, name, error } of all) {
    process.stdout.write(`✖ ${suite}: ${[place, name].filter((part) => part !== '').join(' ')}\n    ${error}\n`);
  }
}

/** Writes the table, the failures and the last line. */
function report(rows: readonly Row[]): number {
  const cells = (name: string, ...figures: string[]) =>
    `${name.padEnd(15)}${figures.map((figure) => figure.padStart(9)).join('')}\n`;
  process.stdout.write(`\n${cells('suite', 'tests', 'passed', 'failed', 'skipped', 'seconds')}`);
  for (const { name, counts, seconds } of rows) {
    const { passed, failed, skipped } = counts;
    const figures = [passed + failed + skipped, passed, failed, skipped].map(String);
    process.stdout.write(cells(name, ...figures, seconds.toFixed(1)));
  }
  listFailures(rows);
  const sum = sumCounts(rows.map(({ counts }) => counts));
  const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : '';
  process.stdout.write(`\nafter ${(performance.now() / 60_000).toFixed(1)} minutes:\n`);
  process.stdout.write(`${sum.passed} passed, ${sum.failed} failed${skipped}\n`);
  return sum.failed === 0 && rows.length > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
