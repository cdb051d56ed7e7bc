/**
 * What a command runs with: what a process has, as values. So a command can run beside others in one process, and none sees
 * anything of another.
 */

import { resolve } from 'node:path';
import type { AwsSettings } from '../aws/settings.ts';
import type { Output } from '../texts/terminal.ts';

/** Where a command reads. */
export type Input = NodeJS.ReadableStream & AsyncIterable<Buffer> & { readonly isTTY?: boolean | undefined };

/** One run of a command. */
export interface Run {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The current directory: names of files are relative to it. */
  readonly folder: string;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /** What AWS clients are made with. */
  readonly aws: AwsSettings;
  /** How it ends, so far. */
  exitCode: number;
  /** Something is still going on that the command does not wait for: the process has to be ended. */
  leavesWork: boolean;
}

/** Returns the path of a file that an option or a request names. */
export function pathOf(file: string, { folder }: Pick<Run, 'folder'>): string {
  return resolve(folder, file);
}
