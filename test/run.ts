/**
 * Runs the tests: `npm test` all of them, `npm test -- sessions servers` the suites named.
 *
 * Suites run one after another. At the end there is a table of them, and a last line that says it all:
 * `412 passed, 0 failed`. The exit code is 1 if anything failed.
 *
 * Real mailbox servers come from Debian packages, which root on a Debian system gets installed. Elsewhere the tests that
 * lack one are skipped, and that is said; not with CI=true, where those that a suite needs must be there.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installLine, installPackages, missingPackages } from './support/debian-packages.ts';
import { runSuite, suiteFiles } from './support/run-suite.ts';
import { findSecrets } from './support/secret-search.ts';
import { type Suite, suites } from './support/suites.ts';
import { type Counts, sumCounts } from './support/test-outcome.ts';
import { testimonies, witnessVariable } from './support/witness.ts';

/** A line of the table. */
interface Row {
  readonly name: string;
  readonly counts: Counts;
  readonly seconds: number;
}

/** Seconds for the download of packages that can be done without. */
const patience = 60;

/** @returns the exit code: 0, 1 if something failed, 64 if there is no such suite */
async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !suites.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`no such suite: ${unknown.join(', ')}\nthere are:\n`);
    for (const { name, about } of suites) process.stderr.write(`  ${name.padEnd(15)} ${about}\n`);
    return 64;
  }
  const chosen = suites.filter((suite) => names.length === 0 || names.includes(suite.name));
  // Unless asked for by name, a suite whose folders do not exist is none yet.
  const existing = chosen.filter((suite) => names.length > 0 || suiteFiles(suite).length > 0);

  const needed = existing.flatMap((suite) => suite.needs ?? []);
  const reason = installPackages(needed);
  if (reason !== undefined && process.env['CI'] === 'true') {
    process.stderr.write(
      `${reason}\nWith CI=true every test must run. Install what it needs: ${installLine(needed)}\n`,
    );
    return 1;
  }
  if (reason !== undefined) tellMissing(reason, needed);
  const wanted = existing.flatMap((suite) => suite.wants ?? []);
  const pity = installPackages(wanted, { downloadWithin: patience });
  if (pity !== undefined) tellMissing(pity, wanted);

  const witness = await mkdtemp(join(tmpdir(), 'witness-'));
  process.env[witnessVariable] = witness;
  const rows: Row[] = [];
  for (const suite of existing) rows.push(await run(suite));
  rows.push(searchForSecrets(witness));
  await rm(witness, { recursive: true, force: true });
  return report(rows);
}

/** No password, no token and no key of the tests may stand in anything that the system wrote meanwhile. */
function searchForSecrets(witness: string): Row {
  const start = performance.now();
  let characters = 0;
  let failed = 0;
  for (const text of testimonies(witness)) {
    characters += text.length;
    for (const { what, where } of findSecrets(text)) {
      failed = 1;
      process.stdout.write(`\n✖ a secret was written down: ${what}: ${where}\n`);
    }
  }
  const seconds = (performance.now() - start) / 1000;
  const megabytes = (characters / 1e6).toFixed(1);
  process.stdout.write(`${failed > 0 ? '✖' : '✔'} secrets: none in ${megabytes} MB of logs, transcripts and events\n`);
  return { name: 'secrets', counts: { passed: 1 - failed, failed, skipped: 0 }, seconds };
}

/** Says which tests will be skipped, and what to do about it. */
function tellMissing(reason: string, packages: readonly string[]): void {
  const missing = missingPackages(packages);
  process.stdout.write(
    `- tests with ${missing.join(', ')} are skipped: ${reason}. To run them: ${installLine(missing)}\n`,
  );
}

async function run(suite: Suite): Promise<Row> {
  const { name } = suite;
  const start = performance.now();
  const counts = await runSuite(suite);
  const seconds = (performance.now() - start) / 1000;
  const mark = counts.failed > 0 ? '✖' : '✔';
  process.stdout.write(`${mark} ${name}: ${suite.about} (${seconds.toFixed(1)} s)\n`);
  return { name, counts, seconds };
}

/** Writes the table and the last line. */
function report(rows: readonly Row[]): number {
  const cells = (name: string, ...figures: string[]) =>
    `${name.padEnd(15)}${figures.map((figure) => figure.padStart(9)).join('')}\n`;
  const figures = ({ passed, failed, skipped }: Counts) =>
    [passed + failed + skipped, passed, failed, skipped].map(String);
  process.stdout.write(`\n${cells('suite', 'tests', 'passed', 'failed', 'skipped', 'seconds')}`);
  for (const { name, counts, seconds } of rows) {
    process.stdout.write(cells(name, ...figures(counts), seconds.toFixed(1)));
  }
  const sum = sumCounts(rows.map(({ counts }) => counts));
  const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : '';
  process.stdout.write(`\n${sum.passed} passed, ${sum.failed} failed${skipped}\n`);
  return sum.failed === 0 && rows.length > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
