/**
 * Which test files are run, by the words of the test command, and which of them share a process.
 */
import { existsSync, globSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { longFiles, type Suite, suites } from './suites.ts';

const tests = resolve(import.meta.dirname, '..');

/** Test files of a suite that are to be run. */
export interface PlannedSuite {
  readonly suite: Suite;
  /** Absolute paths. */
  readonly files: readonly string[];
}

/** Test files that are run one after another in one process. */
export interface Job {
  readonly suite: Suite;
  /** Absolute paths. */
  readonly files: readonly string[];
}

/** The test files of a suite, by their absolute paths; empty if none of its places exists. */
export function suiteFiles({ places }: Suite): string[] {
  return places
    .map((place) => resolve(tests, place))
    .filter((path) => existsSync(path))
    .flatMap((path) => (path.endsWith('.test.ts') ? [path] : globSync(join(path, '**/*.test.ts')).sort()));
}

/**
 * Returns what the words ask for, in the order of the suites: all suites if there is no word.
 *
 * A word is the name of a suite, or the path of a folder or a test file, or of the source file that it tests (`queue`,
 * `queue/worker`, `functions/queue/work/worker.ts`), or the end of such a path (`worker`), or else any part of it. The first of
 * these that finds something holds.
 *
 * @returns also the words that ask for nothing that there is
 */
export function planOf(words: readonly string[]): { plan: readonly PlannedSuite[]; unknown: readonly string[] } {
  const all = suites.map((suite) => ({ suite, files: suiteFiles(suite) })).filter(({ files }) => files.length > 0);
  if (words.length === 0) return { plan: all, unknown: [] };
  const asked = words.map((word) => ({ word, files: new Set(filesOf(word, all)) }));
  const isAsked = (file: string) => asked.some(({ files }) => files.has(file));
  const plan = all.map(({ suite, files }) => ({ suite, files: files.filter(isAsked) }));
  return {
    plan: plan.filter(({ files }) => files.length > 0),
    unknown: asked.filter(({ files }) => files.size === 0).map(({ word }) => word),
  };
}

function filesOf(word: string, all: readonly PlannedSuite[]): readonly string[] {
  const suite = all.find(({ suite: { name } }) => name === word);
  if (suite !== undefined) return suite.files;
  const named = nameOf(word.replace(/^\.?\/+/, '').replace(/^(?:functions|infra(?=\/local\/)|test)\//, ''));
  if (named === '') return [];
  const files = all.flatMap((one) => one.files);
  const folder = `${named.replace(/\/+$/, '')}/`;
  const matches = [
    (name: string) => name === named || name.startsWith(folder),
    (name: string) => name.endsWith(`/${named}`) || name.includes(`/${folder}`),
    (name: string) => name.includes(named),
  ];
  for (const match of matches) {
    const found = files.filter((file) => match(nameOf(relative(tests, file))));
    if (found.length > 0) return found;
  }
  return [];
}

/** The path of a test file or a source file without its suffix. */
function nameOf(path: string): string {
  return path.replace(/(?:\.test)?\.[cm]?ts$/, '');
}

/**
 * Returns the jobs of a plan in the order in which they are to begin: the longest first, so that at the end no core is idle
 * for long.
 */
export function jobsOf(plan: readonly PlannedSuite[]): readonly Job[] {
  const rank = new Map(longFiles.map((file, index) => [resolve(tests, file), index]));
  const long = plan.flatMap(({ suite, files }) =>
    files.filter((file) => rank.has(file)).map((file) => ({ suite, files: [file] })),
  );
  const rankOf = ({ files: [file = ''] }: Job) => rank.get(file) ?? rank.size;
  const others = plan.flatMap(({ suite, files }) =>
    chunksOf(
      files.filter((file) => !rank.has(file)),
      suite.filesInOneProcess ?? 1,
    ).map((chunk) => ({ suite, files: chunk })),
  );
  return [...long.sort((one, other) => rankOf(one) - rankOf(other)), ...others];
}

function chunksOf<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size));
}
