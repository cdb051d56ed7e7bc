/**
 * Runs the jobs of all suites, several at the same time.
 */
import { availableParallelism } from 'node:os';
import type { Suite } from './suites.ts';
import type { FileResult } from './test-outcome.ts';
import type { Job } from './test-plan.ts';
import { type ProcessResult, runInOneProcess } from './test-process.ts';

/** What a suite came to. */
export interface SuiteResult {
  readonly suite: Suite;
  readonly files: readonly FileResult[];
}

/** Hears how the run goes on. */
export interface Audience {
  /** What a job has to show: failures and figures. */
  readonly onText: (text: string) => void;
  /** The last job of a suite is done. */
  readonly onSuite: (result: SuiteResult) => void;
}

/**
 * Processes at the same time: one for each core, and one more, for much of the time of a test is waiting. At least two.
 */
export function defaultWorkers(): number {
  return Math.max(2, availableParallelism() + 1);
}

/**
 * Runs jobs to their end, in their order, as many at the same time as there are workers.
 *
 * @param run runs the files of a job in one process
 */
export async function runJobs(
  jobs: readonly Job[],
  { onText, onSuite }: Audience,
  workers = defaultWorkers(),
  run: (files: readonly string[]) => Promise<ProcessResult> = runInOneProcess,
): Promise<void> {
  const waiting = [...jobs];
  const open = new Map<Suite, { jobs: number; files: FileResult[] }>();
  for (const { suite } of jobs) {
    const state = open.get(suite) ?? { jobs: 0, files: [] };
    open.set(suite, { ...state, jobs: state.jobs + 1 });
  }
  const work = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const { suite } = job;
      const { files, left, text } = await run(job.files);
      if (text !== '') onText(text);
      const state = open.get(suite);
      if (state === undefined) continue;
      state.files.push(...files);
      if (left.length > 0) waiting.unshift({ suite, files: left });
      else state.jobs -= 1;
      if (state.jobs === 0) onSuite({ suite, files: state.files });
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
}
