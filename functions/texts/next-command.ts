/**
 * Commands that an answer proposes: each on its own line behind an arrow, quoted so that it can be pasted into bash or zsh.
 */

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { escaped } from '../log/postfix-line.ts';
import type { NextCommand } from '../operator/operator.ts';

/** The stack and transport of a command, from `--stack` and `--transport`. */
export interface StackOptions {
  readonly stack?: string;
  readonly transport?: string;
}

/** What a command is proposed for, and how the program is called there. */
export interface Proposer extends StackOptions {
  /** Absent: as the environment of this process finds it. */
  readonly program?: string;
}

/**
 * Returns what a run proposes its next commands with.
 *
 * @param run the environment tells how the program is called
 */
export function proposerOf(
  { env }: { readonly env: Readonly<Record<string, string | undefined>> },
  { stack, transport }: StackOptions,
): Proposer {
  return {
    program: programName(env),
    ...(stack === undefined ? {} : { stack }),
    ...(transport === undefined ? {} : { transport }),
  };
}

/** Returns a line that proposes a `lambda-lmtp` command for the same stack. */
export function nextLine(args: NextCommand, stack: Proposer = {}): string {
  return `→ ${commandLine(args, stack)}`;
}

/** Returns a `lambda-lmtp` command as an operator types it. */
export function commandLine(
  args: NextCommand,
  { stack, transport, program = programName(process.env) }: Proposer = {},
): string {
  const at = Object.entries({ stack, transport }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
  return [program, ...[...args, ...at].map((word) => shellQuoted(escaped(word)))].join(' ');
}

/** Returns a word quoted for bash and zsh. Unquoted, `[` and `*` are a pattern, and zsh rejects one that matches no file. */
export function shellQuoted(word: string): string {
  return /^[\w./:@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Returns how to call the program: by name if the PATH has it, else by npx, as in a clone or in an app's folder. */
export function programName({ PATH = '' }: { readonly PATH?: string | undefined }): string {
  // npm adds these folders to the PATH of the programs it starts; the operator's shell does not have them.
  const folders = PATH.split(delimiter).filter((folder) => folder !== '' && !folder.includes('node_modules'));
  return folders.some((folder) => isExecutable(join(folder, 'lambda-lmtp'))) ? 'lambda-lmtp' : 'npx lambda-lmtp';
}

/** Whether a file exists and may be run. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
