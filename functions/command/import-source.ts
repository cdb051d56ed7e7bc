/**
 * Where an import reads: a folder of this machine, the files of another one below a root, or standard input.
 */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Configuration } from '../import/import.ts';
import { splitSections } from '../import/sections.ts';
import type { ReadText } from '../import/tables.ts';
import { fileFault } from './failure.ts';
import { readLines } from './read-lines.ts';
import { pathOf, type Run } from './run.ts';

/** A configuration, and the files that it names. */
export interface Source extends Configuration {
  readonly read: ReadText;
  /** Its name for operators. */
  readonly name: string;
  /** The folder, if it is the configuration of a Postfix on this machine. */
  readonly folder: string | undefined;
}

/** Reads a configuration; a fault ends the command. */
export async function readConfiguration(
  run: Run,
  folder: string,
  root: string | undefined,
  command: Command,
): Promise<Source> {
  if (folder === '-') return await readStream(run, root, command);
  const place = root === undefined ? pathOf(folder, run) : join(pathOf(root, run), resolve('/', folder));
  const main = readNeeded(join(place, 'main.cf'), command);
  const master = readOrUndefined(join(place, 'master.cf')) ?? '';
  const read: ReadText = (path) => readOrUndefined(root === undefined ? path : join(pathOf(root, run), path));
  return { main, master, read, name: place, folder: root === undefined ? place : undefined };
}

async function readStream(run: Run, root: string | undefined, command: Command): Promise<Source> {
  if (run.stdin.isTTY) command.error('error: folder: "-" reads standard input, and that is a terminal');
  const chunks: Buffer[] = [];
  for await (const chunk of run.stdin) chunks.push(chunk);
  const { main, master, files } = splitSections(Buffer.concat(chunks).toString('utf8'));
  if (main.trim() === '')
    command.error('error: folder: standard input has no line of main.cf: expected "name = value" lines');
  const read: ReadText = (path) =>
    files.get(path) ?? (root === undefined ? undefined : readOrUndefined(join(pathOf(root, run), path)));
  return { main, master, read, name: 'standard input', folder: undefined };
}

function readNeeded(path: string, command: Command): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return command.error(`error: folder: "${path}" cannot be read: ${fileFault(error)}`);
  }
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Reads recipients, one a line; empty lines and those that begin with # do not count. */
export async function readRecipients(run: Run, file: string | undefined, command: Command): Promise<readonly string[]> {
  if (file === undefined) return [];
  const lines: string[] = [];
  if (file === '-') for await (const line of readLines(run.stdin)) lines.push(line.toString('utf8'));
  else lines.push(...readFile(pathOf(file, run), command).split('\n'));
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

function readFile(path: string, command: Command): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return command.error(`error: --recipients: "${path}" cannot be read: ${fileFault(error)}`);
  }
}
