/**
 * The command line as a user has it: `lambda-lmtp` in a process of its own.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { testify } from './witness.ts';

const project = resolve(import.meta.dirname, '../..');
const program = join(project, 'functions/lambda-lmtp.mjs');

/** How a run ended. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run it. */
export interface CommandOptions {
  /** Current directory; that of the test if absent. */
  readonly cwd?: string;
  /** The Node that starts it; that of the test if absent. */
  readonly node?: string;
  /** Variables besides those of the test. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A command that runs. */
export interface RunningCommand {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<CommandResult>;
  /** What it has written to stdout so far. */
  stdout(): string;
}

/** Starts the command; whoever starts it writes to its stdin and ends it. */
export function startCommand(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const { cwd, node = process.execPath, env } = options;
  const child = spawn(node, [program, ...args], { cwd, env: { ...process.env, ...env } });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  // A command that does not read its stdin to the end is free to do so.
  child.stdin.on('error', () => {});
  const ended = once(child, 'close').then(([code]) => {
    testify(`${output.stdout}${output.stderr}`);
    return { code: code as number | null, ...output };
  });
  return { child, ended, stdout: () => output.stdout };
}

/** Runs the command to its end. */
export async function runCommand(
  args: readonly string[],
  { input = '', ...options }: CommandOptions & { readonly input?: string } = {},
): Promise<CommandResult> {
  const { child, ended } = startCommand(args, options);
  child.stdin.end(input);
  return await ended;
}

/** A Node on this machine's PATH that is too old to run the source itself; `undefined` if there is none. */
export function findOlderNode(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .find((node) => existsSync(node) && Number.parseInt(versionOf(node), 10) < 24);
}

function versionOf(node: string): string {
  try {
    return execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
