/**
 * Options that several commands share.
 */

import { accessSync, constants, statSync } from 'node:fs';
import type { Command } from 'commander';
import { ParameterError, type Parameters, type WrittenParameters } from '../parameters/parameters.ts';
import { fileFault } from './failure.ts';
import { commandParameters } from './parameter-options.ts';

/** Collects the values of an option that may be given several times. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

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
  { parameter, saslPasswordMaps }: ParameterOptions,
  command: Command,
  given: WrittenParameters = {},
): Parameters {
  if (saslPasswordMaps !== undefined) checkFile('--sasl-password-maps', saslPasswordMaps, command);
  try {
    return commandParameters(parameter, saslPasswordMaps, given);
  } catch (error) {
    if (error instanceof ParameterError) command.error(`error: ${error.message}`);
    throw error;
  }
}

/** Adds the options of {@link ParameterOptions}. */
export function withParameterOptions(command: Command): Command {
  return command
    .option('--parameter <name=value>', 'a parameter by its Postfix name; may be given several times', collect, [])
    .option(
      '--sasl-password-maps <file>',
      "authenticate with the passwords of a file in the format of Postfix's sasl_passwd: host or next-hop, blanks, user:password",
    );
}

/** Ends the command if a file cannot be read. */
export function checkFile(option: string, file: string, command: Command): void {
  try {
    accessSync(file, constants.R_OK);
    if (!statSync(file).isDirectory()) return;
  } catch (error) {
    command.error(`error: ${option}: "${file}" cannot be read: ${fileFault(error)}`);
  }
  command.error(`error: ${option}: "${file}" cannot be read: is a directory`);
}

/** Writes a line of the dialogue to standard error. */
export function writeTranscript(side: 'C' | 'S', line: string): void {
  process.stderr.write(`${side}: ${line}\n`);
}
