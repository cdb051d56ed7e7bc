/**
 * What AWS refuses, or cannot be asked for, in a line for people.
 */

import { Failure } from './failure.ts';

/** Faults that trying again does not mend: rights, names and credentials are for a person to put right. */
const lasting =
  /AccessDenied|Unauthorized|NotAuthorized|ResourceNotFound|NonExistentQueue|NoSuchBucket|NotFound|CredentialsProviderError|UnrecognizedClient|InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken|Region is missing/;

/** Faults of the way there. */
const network = /^(?:ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE)$/;

/**
 * The failure of a command that AWS did not serve. What is no fault of AWS's is a bug, and comes back as it is.
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
