/**
 * Runs the tests: `npm test` all of them, `npm test -- sessions servers` the suites named.
 *
 * Suites run one after another. At the end there is a table of them, and a last line that says it all:
 * `412 passed, 0 failed`. The exit code is 1 if anything failed.
 *
 * Real mailbox servers come from Debian packages, which root on a Debian system gets installed. Elsewhere their suites are
 * left out, and that is said; not with CI=true, where nothing may be left out.
 */
import { installLine, installPackages } from './support/debian-packages.ts';
import { runSuite, suiteFiles } from './support/run-suite.ts';
import { type Suite, suites } from './support/suites.ts';
import { type Counts, sumCounts } from './support/test-outcome.ts';

/** A line of the table. */
interface Row {
  readonly name: string;
  /** Undefined if the suite was left out. */
  readonly counts: Counts | undefined;
  readonly seconds: number;
}

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

  const reason = installPackages(existing.flatMap((suite) => suite.needs ?? []));
  if (reason !== undefined && process.env['CI'] === 'true') {
    process.stderr.write(`${reason}\nWith CI=true every suite must run. Install what it needs: ${line(existing)}\n`);
    return 1;
  }
  const rows: Row[] = [];
  for (const suite of existing) {
    rows.push(await run(suite, suite.needs === undefined ? undefined : reason));
  }
  return report(rows);
}

function line(all: readonly Suite[]): string {
  return installLine(all.flatMap((suite) => suite.needs ?? []));
}

/** Runs a suite, or says why it is left out. */
async function run(suite: Suite, reason: string | undefined): Promise<Row> {
  const { name } = suite;
  if (reason !== undefined) {
    process.stdout.write(`- ${name}: left out, ${reason}. To run it: ${line([suite])}\n`);
    return { name, counts: undefined, seconds: 0 };
  }
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
    process.stdout.write(
      counts === undefined ? cells(name, 'left out') : cells(name, ...figures(counts), seconds.toFixed(1)),
    );
  }
  const sum = sumCounts(rows.flatMap(({ counts }) => counts ?? []));
  const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : '';
  process.stdout.write(`\n${sum.passed} passed, ${sum.failed} failed${skipped}\n`);
  return sum.failed === 0 && rows.length > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
