/**
 * What the events of Node's test runner mean: which are tests, and which of them passed.
 */
import type { TestEvent } from 'node:test/reporters';

/** What came of one test. */
export type Outcome = 'passed' | 'failed' | 'skipped';

/** How many tests came to what. */
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
 * What an event says of a test; undefined if it is about no test. A describe counts only if it is skipped, or fails by
 * itself (in a hook); a test that is still to be done is skipped, whether it passes or not; a file without any test is reported as a test that passes and has the name of the file, and counts as a failure.
 */
export function outcomeOf(event: TestEvent): Outcome | undefined {
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return undefined;
  const { details, skip, todo, name, file } = event.data;
  const isSuite = details.type === 'suite';
  // Node lets such a test fail: it is there to be passed some day.
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
