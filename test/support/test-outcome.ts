/** The meaning of the events of Node's test runner: which are tests, and which of them passed. */
import type { TestEvent } from 'node:test/reporters';

/** The outcome of one test. */
export type Outcome = 'passed' | 'failed' | 'skipped';

/** How many tests had each outcome. */
export type Counts = Readonly<Record<Outcome, number>>;

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
 * or fails itself (in a hook); a todo test is skipped, whether it passes or not; a file without any test is
 * reported as a passing test with the name of the file, and counts as a failure.
 */
export function outcomeOf(event: TestEvent): Outcome | undefined {
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return undefined;
  const { details, skip, todo, name, file } = event.data;
  const isSuite = details.type === 'suite';
  // Node lets such a test fail: it is there to pass some day.
  if (event.type === 'test:fail' && isSkip(todo)) return 'skipped';
  if (event.type === 'test:fail') return isSuite && !failsByItself(event) ? undefined : 'failed';
  if (name === file) return 'failed';
  if (isSkip(skip) || isSkip(todo)) return 'skipped';
  return isSuite ? undefined : 'passed';
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
