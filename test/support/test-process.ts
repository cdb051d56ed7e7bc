/**
 * Runs test files with Node's test runner, one after another in one process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { type FileResult, noTests } from './test-outcome.ts';

/** What a process came to. */
export interface ProcessResult {
  readonly files: readonly FileResult[];
  /** Files that were not begun because the process ended before. */
  readonly left: readonly string[];
  /** What to show of it: failures, figures, and what was written if something failed. */
  readonly text: string;
}

const project = resolve(import.meta.dirname, '../..');

/** Where Node keeps what it compiled, for the next process and the next run. */
const compileCache = resolve(project, 'node_modules/.cache/compiled-tests');

/** Milliseconds after which a process is killed that ends by none of its own limits. */
const processTimeout = 1_800_000;

/**
 * Runs test files in one process to its end. A process that ends too soon, or with an error that no test has, is a failure of
 * the file that ran then.
 *
 * @param files absolute paths
 */
export async function runInOneProcess(files: readonly string[]): Promise<ProcessResult> {
  const directory = await mkdtemp(join(tmpdir(), 'tests-'));
  try {
    const resultFile = join(directory, 'results');
    const failureFile = join(directory, 'failures');
    const { fault, written } = await runNode([
      ...['--import', fileBeside('light-hooks.ts')],
      ...reporter('result-reporter.ts', 'stdout'),
      ...reporter('failure-reporter.ts', failureFile),
      fileBeside('in-one-process.ts'),
      resultFile,
      ...files,
    ]);
    const results = (await readText(resultFile)).split('\n').filter((line) => line !== '');
    const outcome = outcomeOfProcess(
      files,
      results.map((line) => JSON.parse(line) as FileResult),
      fault,
    );
    const text = await readText(failureFile);
    const hasFailed = outcome.files.some(({ counts }) => counts.failed > 0);
    return { ...outcome, text: hasFailed ? `${text}${titled(files, written)}` : text };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Returns what each file came to, where the process itself may have failed. */
function outcomeOfProcess(
  files: readonly string[],
  results: readonly FileResult[],
  fault: string | undefined,
): Omit<ProcessResult, 'text'> {
  const [unfinished, ...left] = files.slice(results.length);
  if (unfinished !== undefined) {
    const error = `the process of the tests ended before this file did: ${fault ?? 'exit code 0'}`;
    return { files: [...results, faultOf(unfinished, error)], left };
  }
  const hasFailed = results.some(({ counts }) => counts.failed > 0);
  if (fault === undefined || hasFailed) return { files: results, left: [] };
  // Which file it was is not known where there are several: the text says what was written.
  return {
    files: [...results, faultOf(results.at(-1)?.file ?? '', `the process of the tests failed: ${fault}`)],
    left,
  };
}

function faultOf(file: string, error: string): FileResult {
  const failure = { place: relative(project, file), name: '', error };
  return { file, counts: { ...noTests, failed: 1 }, failures: [failure], seconds: 0, cpuSeconds: 0 };
}

/** Runs Node to its end; resolves to what went wrong, if anything did, and to what it wrote. */
async function runNode(args: readonly string[]): Promise<{ fault: string | undefined; written: string }> {
  // Without the variable by which Node's test runner knows its own children, so that this can be tested too.
  const { NODE_TEST_CONTEXT: _, ...variables } = process.env;
  const env = { NODE_COMPILE_CACHE: compileCache, ...variables };
  const child = spawn(process.execPath, args, { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), processTimeout);
  const chunks = collect(child);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(timer);
  const fault = code === 0 ? undefined : code === null ? `signal ${signal}` : `exit code ${code}`;
  return { fault, written: Buffer.concat(chunks).toString() };
}

/** Collects both outputs of a process in the order in which they come. */
function collect({ stdout, stderr }: Pick<ChildProcess, 'stdout' | 'stderr'>): readonly Buffer[] {
  const chunks: Buffer[] = [];
  for (const stream of [stdout, stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return chunks;
}

function titled(files: readonly string[], written: string): string {
  if (written.trim() === '') return '';
  const names = files.map((file) => relative(project, file)).join(', ');
  return `\nWritten by ${names}:\n${written.trimEnd().replaceAll(/^/gm, '    ')}\n`;
}

function fileBeside(name: string): string {
  return resolve(import.meta.dirname, name);
}

function reporter(name: string, destination: string): readonly string[] {
  return [`--test-reporter=${new URL(name, import.meta.url)}`, `--test-reporter-destination=${destination}`];
}

async function readText(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => '');
}
