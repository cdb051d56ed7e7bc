/**
 * A reporter for Node's test runner: writes what each test file came to, one line of JSON when it is done.
 *
 * It belongs to in-one-process.ts, which makes a group of each file, and has the file for the results as its first argument.
 * A line is written before the next test file begins, so that it is there if that one ends the process.
 */

import { AssertionError } from 'node:assert';
import { appendFileSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import {
  type Counts,
  type FailedTest,
  type FileResult,
  failsByItself,
  isOfFile,
  noTests,
  outcomeOf,
} from './test-outcome.ts';

const written = new Map<string, PromiseWithResolvers<void>>();

/** Resolves when what a test file came to is written. */
export async function resultWritten(file: string): Promise<void> {
  await writing(file).promise;
}

function writing(file: string): PromiseWithResolvers<void> {
  const known = written.get(file) ?? Promise.withResolvers<void>();
  written.set(file, known);
  return known;
}

export default async function* reportResults(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const [, , resultFile = '/dev/null'] = process.argv;
  const tally = new Tally();
  for await (const event of events) {
    tally.hear(event);
    if ((event.type !== 'test:pass' && event.type !== 'test:fail') || !isOfFile(event)) continue;
    const file = event.data.name;
    appendFileSync(resultFile, `${JSON.stringify(tally.resultOf(file))}\n`);
    writing(file).resolve();
    // Whatever a reporter yields, Node writes later.
    yield '';
  }
}

/** What the file that runs came to so far. */
class Tally {
  #counts: Record<keyof Counts, number> = { ...noTests };
  #failures: FailedTest[] = [];
  /** The names of the test that runs and of the groups around it, that of the file first. */
  readonly #names: string[] = [];
  #start = 0;
  #cpu = 0;

  hear(event: TestEvent): void {
    if (event.type === 'test:start') this.#names.splice(event.data.nesting, Infinity, event.data.name);
    // What the runner says for itself: an error that came when its test was over.
    if (event.type === 'test:diagnostic' && event.data.nesting === 0 && event.data.message.startsWith('Error: ')) {
      this.#fail({ place: relative(process.cwd(), this.#names[0] ?? ''), name: '', error: event.data.message });
    }
    const outcome = outcomeOf(event);
    if (outcome === undefined) return;
    if (event.type !== 'test:fail' || outcome !== 'failed') this.#counts[outcome]++;
    else if (failsByItself(event)) this.#fail(describeFailure(event, this.#names));
    else this.#counts.failed++;
  }

  /** Returns what the file came to, and begins anew. */
  resultOf(file: string): FileResult {
    const { passed, failed, skipped } = this.#counts;
    if (passed + failed + skipped === 0) {
      this.#fail({ place: relative(process.cwd(), file), name: '', error: 'there is no test in this file' });
    }
    const cpu = cpuSeconds();
    const result = {
      file,
      counts: this.#counts,
      failures: this.#failures,
      // The clock begins with the process, so the first file pays for its start.
      seconds: (performance.now() - this.#start) / 1000,
      cpuSeconds: cpu - this.#cpu,
    };
    this.#counts = { ...noTests };
    this.#failures = [];
    this.#start = performance.now();
    this.#cpu = cpu;
    return result;
  }

  #fail(failure: FailedTest): void {
    this.#counts.failed++;
    this.#failures.push(failure);
  }
}

/** The CPU time of this process, and on Linux of its children that have ended (proc_pid_stat(5): cutime, cstime). */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  const fields = process.platform === 'linux' ? readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1) : undefined;
  const [userTicks = 0, systemTicks = 0] = fields?.split(' ').slice(13, 15).map(Number) ?? [];
  return (user + system) / 1e6 + (userTicks + systemTicks) / ticksPerSecond;
}

/** The unit of these times on every architecture that Linux runs on. */
const ticksPerSecond = 100;

function describeFailure(event: Extract<TestEvent, { type: 'test:fail' }>, names: readonly string[]): FailedTest {
  const { name, nesting, details } = event.data;
  const fullName = isOfFile(event) ? '' : [...names.slice(1, nesting), name].join(' ');
  return { place: placeOf(event), name: fullName, error: firstLine(details.error.cause ?? details.error) };
}

/** Returns the path and the line of a test, as an editor opens them. */
export function placeOf(event: Extract<TestEvent, { type: 'test:fail' | 'test:diagnostic' }>): string {
  const { file = '', line } = event.data;
  if (event.type === 'test:fail' && isOfFile(event)) return relative(process.cwd(), event.data.name);
  return `${relative(process.cwd(), file)}${line === undefined ? '' : `:${line}`}`;
}

/** The first line of an error; of a failed comparison both values too, for its first line has none. */
function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.trim().split('\n')[0]?.slice(0, 200) ?? '';
  if (!(error instanceof AssertionError) || !line.endsWith(':')) return line;
  const [actual, expected] = [error.actual, error.expected].map((value) =>
    inspect(value, { breakLength: Infinity, maxStringLength: 80 }).slice(0, 160),
  );
  return `${line.slice(0, -1)}: ${actual}, not ${expected}`;
}
