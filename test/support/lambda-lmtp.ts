/**
 * The command line: `lambda-lmtp` with arguments, environment and standard input of its own, in this process; or in a process of its
 * own, where a test is about the process: its signals, its pipes, its memory, the program that starts it.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { AwsLimits, AwsSettings } from '../../functions/aws/settings.ts';
import { runProgram } from '../../functions/command/program/program.ts';
import type { Run } from '../../functions/command/run.ts';
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
  /** Variables besides those of the test. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How to run it in a process of its own. */
export interface ProcessOptions extends CommandOptions {
  /** The Node that starts it; that of the test if absent. */
  readonly node?: string;
}

/** A command that runs in a process. */
export interface RunningCommand {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<CommandResult>;
  /** What it has written to stdout so far. */
  stdout(): string;
}

/** Starts a process with the command; the test writes to its stdin and ends that. */
export function startCommand(args: readonly string[], options: ProcessOptions = {}): RunningCommand {
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

/** Runs the command in a process of its own, to its end. */
export async function runProcess(
  args: readonly string[],
  { input = '', ...options }: ProcessOptions & { readonly input?: string } = {},
): Promise<CommandResult> {
  const { child, ended } = startCommand(args, options);
  child.stdin.end(input);
  return await ended;
}

/** How to run it in this process. */
export interface RunOptions extends CommandOptions {
  readonly input?: string;
  /** Limits of its AWS clients; those of the program if absent. */
  readonly limits?: Partial<AwsLimits>;
}

/** Runs the command in this process, to its end. Of another run it sees nothing. */
export async function runCommand(
  args: readonly string[],
  { input = '', cwd = process.cwd(), env: given = {}, limits = {} }: RunOptions = {},
): Promise<CommandResult> {
  const env = { ...process.env, ...given };
  const [stdout, stderr] = [new Written(), new Written()];
  const run: Run = {
    ...{ env, stdout, stderr },
    folder: cwd,
    stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]),
    aws: settingsIn(env, limits),
    exitCode: 0,
    leavesWork: false,
  };
  await runProgram(args, run);
  testify(`${stdout.text}${stderr.text}`);
  return { code: run.exitCode, stdout: stdout.text, stderr: stderr.text };
}

/** What a command writes, as text. */
class Written extends Writable {
  text = '';
  readonly #decoder = new StringDecoder('utf8');

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += this.#decoder.write(chunk);
    done();
  }
}

/** Returns what the SDK would find in an environment if it were that of a process. */
function settingsIn(env: Readonly<Record<string, string | undefined>>, limits: Partial<AwsLimits>): AwsSettings {
  const [region, accessKeyId, secretAccessKey, attempts] = [
    env['AWS_REGION'],
    env['AWS_ACCESS_KEY_ID'],
    env['AWS_SECRET_ACCESS_KEY'],
    env['AWS_MAX_ATTEMPTS'],
  ];
  return (service) => {
    const endpoint = env[`AWS_ENDPOINT_URL_${service}`] ?? env['AWS_ENDPOINT_URL'];
    return {
      limits,
      ...(region === undefined ? {} : { region }),
      ...(accessKeyId === undefined || secretAccessKey === undefined
        ? {}
        : { credentials: { accessKeyId, secretAccessKey } }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(attempts === undefined ? {} : { maxAttempts: Number(attempts) }),
    };
  };
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
