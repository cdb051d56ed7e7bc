/**
 * Errors that end a command with a line on standard error and an exit code.
 */

import { getSystemErrorMessage } from 'node:util';
import { errorKind, isTemporary } from '../aws/explained-errors.ts';
import { errorWords } from '../log/error-words.ts';
import { exitCodes } from './exit-codes.ts';

/** Ends a command with a line on standard error. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: number;

  constructor(kind: keyof typeof exitCodes, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCodes[kind];
  }
}

/**
 * Returns the failure for an error of AWS or of the network, with the exit code of its kind. Any other error is a bug and is
 * returned unchanged.
 *
 * @param what what could not be done
 */
export function awsFault(error: unknown, what: string): unknown {
  if (!(error instanceof Error) || error instanceof Failure) return error;
  const kind = errorKind(error);
  if (kind === undefined) return error;
  return new Failure(isTemporary(kind) ? 'tempFail' : 'unavailable', `${what}: ${errorWords(error)}`, { cause: error });
}

/** Returns why a file cannot be read, in the system's words and without the path, which the caller has already named. */
export function fileFault(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EISDIR') return 'is a directory';
  return 'errno' in error && typeof error.errno === 'number' ? getSystemErrorMessage(error.errno) : error.message;
}
