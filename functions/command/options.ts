/**
 * What the options of several commands have in common.
 */

import { accessSync, constants, statSync } from 'node:fs';
import type { Command } from 'commander';
import { ParameterError, type Parameters, type WrittenParameters } from '../parameters/parameters.ts';
import { fileWords } from './file-words.ts';
import { commandParameters } from './parameter-options.ts';

/** For an option that may be given several times. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

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

/** A file that cannot be read ends the command, before anything else is done. */
export function checkFile(option: string, file: string, command: Command): void {
  try {
    accessSync(file, constants.R_OK);
    if (!statSync(file).isDirectory()) return;
  } catch (error) {
    command.error(`error: ${option}: "${file}" cannot be read: ${fileWords(error)}`);
  }
  command.error(`error: ${option}: "${file}" cannot be read: is a directory`);
}

/** A line of the dialogue, for standard error. */
export function writeTranscript(side: 'C' | 'S', line: string): void {
  process.stderr.write(`${side}: ${line}\n`);
}
