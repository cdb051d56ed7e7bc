/**
 * Errors that end a command with a line on standard error and an exit code.
 */

import { getSystemErrorMessage } from 'node:util';
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

/** Faults that a retry does not cure: the operator must correct rights, names or credentials. */
const lasting =
  /AccessDenied|Unauthorized|NotAuthorized|ResourceNotFound|NonExistentQueue|NoSuchBucket|NotFound|CredentialsProviderError|UnrecognizedClient|InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken|Region is missing/;

/** Faults of the network. */
const network = /^(?:ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE)$/;

/**
 * Returns the failure for an error of AWS or of the network. Any other error is a bug and is returned unchanged.
 *
 * @param what what could not be done
 */
export function awsFault(error: unknown, what: string): unknown {
  if (!(error instanceof Error) || error instanceof Failure) return error;
  const code = 'code' in error ? String(error.code) : '';
  const isLasting = lasting.test(`${error.name} ${error.message}`);
  const isAws = '$metadata' in error || '$fault' in error || isLasting;
  const isNetwork = network.test(code) || /^(?:TimeoutError|AggregateError|RequestTimeout\w*)$/.test(error.name);
  if (!isAws && !isNetwork) return error;
  const words = error.message === '' ? code : error.message;
  return new Failure(isLasting ? 'unavailable' : 'tempFail', `${what}: ${error.name}: ${words}`, { cause: error });
}

/** Returns why a file cannot be read, in the system's words and without the path, which the caller has already named. */
export function fileFault(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EISDIR') return 'is a directory';
  return 'errno' in error && typeof error.errno === 'number' ? getSystemErrorMessage(error.errno) : error.message;
}
