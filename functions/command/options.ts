/**
 * What the options of several commands have in common.
 */

import { accessSync, constants, statSync } from 'node:fs';
import type { Command } from 'commander';
import { ParameterError, type Parameters, type WrittenParameters } from '../parameters/parameters.ts';
import { fileWords } from './file-words.ts';
import { commandParameters } from './parameter-options.ts';
import { pathOf, type Run } from './run.ts';

/** The options that parameters come from. */
export interface ParameterOptions {
  readonly parameter: readonly string[];
  readonly saslPasswordMaps?: string;
}

/**
 * The parameters; whatever is wrong with them ends the command.
 *
 * @param given what the command has for defaults of its own
 */
export function readParameters(
  run: Run,
  { parameter, saslPasswordMaps }: ParameterOptions,
  command: Command,
  given: WrittenParameters = {},
): Parameters {
  if (saslPasswordMaps !== undefined) checkFile(run, '--sasl-password-maps', saslPasswordMaps, command);
  try {
    return commandParameters(parameter, saslPasswordMaps && pathOf(saslPasswordMaps, run), given);
  } catch (error) {
    if (error instanceof ParameterError) command.error(`error: ${error.message}`);
    throw error;
  }
}

/** A file that cannot be read ends the command, before anything else is done. */
export function checkFile(run: Run, option: string, file: string, command: Command): void {
  const path = pathOf(file, run);
  try {
    accessSync(path, constants.R_OK);
    if (!statSync(path).isDirectory()) return;
  } catch (error) {
    command.error(`error: ${option}: "${file}" cannot be read: ${fileWords(error)}`);
  }
  command.error(`error: ${option}: "${file}" cannot be read: is a directory`);
}

/** Returns what writes the lines of a dialogue to standard error. */
export function transcriptTo({ stderr }: Run): (side: 'C' | 'S', line: string) => void {
  return (side, line) => void stderr.write(`${side}: ${line}\n`);
}
