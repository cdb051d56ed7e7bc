/** The meaning of the events of Node's test runner: which are tests, and which of them passed. */
import { isAbsolute } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

/** The outcome of one test. */
export type Outcome = 'passed' | 'failed' | 'skipped';

/** How many tests had each outcome. */
export type Counts = Readonly<Record<Outcome, number>>;

/** A test that failed, as the list at the end shows it. */
export interface FailedTest {
  /** Path below the working folder, and line where Node tells it. */
  readonly place: string;
  /** The name of the test behind those of the groups around it. */
  readonly name: string;
  /** The first line of the error. */
  readonly error: string;
}

/** What a test file came to. */
export interface FileResult {
  /** Its absolute path. */
  readonly file: string;
  readonly counts: Counts;
  readonly failures: readonly FailedTest[];
  /** How long it took. */
  readonly seconds: number;
  /** The CPU time of it; on Linux with that of the processes that it started and that have ended. */
  readonly cpuSeconds: number;
}

export const noTests: Counts = { passed: 0, failed: 0, skipped: 0 };

/** Adds counts up. */
export function sumCounts(all: readonly Counts[]): Counts {
  return all.reduce(
    (sum, one) => ({
      passed: sum.passed + one.passed,
      failed: sum.failed + one.failed,
      skipped: sum.skipped + one.skipped,
    }),
    noTests,
  );
}

/**
 * Returns the outcome in an event; undefined if it is about no test. A describe counts only if it is skipped,
 * or fails itself (in a hook); a todo test is skipped, whether it passes or not.
 */
export function outcomeOf(event: TestEvent): Outcome | undefined {
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return undefined;
  const { details, skip, todo } = event.data;
  const isSuite = details.type === 'suite';
  // Node lets such a test fail: it is there to pass some day.
  if (event.type === 'test:fail' && isSkip(todo)) return 'skipped';
  if (event.type === 'test:fail') return isSuite && !failsByItself(event) ? undefined : 'failed';
  if (isSkip(skip) || isSkip(todo)) return 'skipped';
  return isSuite ? undefined : 'passed';
}

/** Whether an event is about the group of a whole test file (see in-one-process.ts). */
export function isOfFile({ data: { nesting, name } }: Extract<TestEvent, { data: { name: string } }>): boolean {
  return nesting === 0 && isAbsolute(name);
}

/** Whether a failure is more than the sum of the failures inside. */
export function failsByItself(event: Extract<TestEvent, { type: 'test:fail' }>): boolean {
  const { error } = event.data.details;
  return !('failureType' in error) || error.failureType !== 'subtestsFailed';
}

// A reason, `true`, or nothing. An empty reason is a reason.
function isSkip(mark: string | boolean | undefined): boolean {
  return mark !== undefined && mark !== false;
}
