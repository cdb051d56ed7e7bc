/**
 * Options that several commands share.
 */

import { accessSync, constants, statSync } from 'node:fs';
import type { Command } from 'commander';
import { ParameterError, type Parameters, type WrittenParameters } from '../parameters/parameters.ts';
import { escapeControls } from '../smtp/control-characters.ts';
import { fileFault } from './failure.ts';
import { commandParameters } from './parameter-options.ts';
import { pathOf, type Run } from './run.ts';

/** The options that set parameters. */
export interface ParameterOptions {
  readonly parameter: readonly string[];
  readonly saslPasswordMaps?: string;
}

/**
 * Returns the parameters; a fault ends the command.
 *
 * @param given the command's own defaults
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

/** Ends the command if a file cannot be read. */
export function checkFile(run: Run, option: string, file: string, command: Command): void {
  const path = pathOf(file, run);
  try {
    accessSync(path, constants.R_OK);
    if (!statSync(path).isDirectory()) return;
  } catch (error) {
    command.error(`error: ${option}: "${file}" cannot be read: ${fileFault(error)}`);
  }
  command.error(`error: ${option}: "${file}" cannot be read: is a directory`);
}

/** Returns what writes the lines of a dialogue to standard error. */
export function transcriptTo({ stderr }: Run): (side: 'C' | 'S', line: string) => void {
  return (side, line) => void stderr.write(`${side}: ${escapeControls(line)}\n`);
}
