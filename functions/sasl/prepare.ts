/** SASLprep (RFC 4013): different encodings of the same name or password become the same octets. */

import { saslprep } from '@mongodb-js/saslprep';
import { SaslError } from './errors.ts';

/**
 * Prepares a user name, as a query: characters newer than Unicode 3.2 are allowed (RFC 5802 section 5.1).
 *
 * @throws SaslError if it cannot be prepared, or the result is empty
 */
export function prepareUser(user: string): string {
  const prepared = prepare('user name', user, true);
  if (prepared === '') throw new SaslError('the user name is empty');
  return prepared;
}

/**
 * Prepares a password, as a stored string: characters newer than Unicode 3.2 are refused (RFC 5802 section 2.2).
 *
 * @throws SaslError without the password
 */
export function preparePassword(password: string): string {
  return prepare('password', password, false);
}

function prepare(part: string, text: string, allowUnassigned: boolean): string {
  try {
    return saslprep(text, { allowUnassigned });
  } catch {
    // The package throws plain errors, also for text with an empty result.
    throw new SaslError(
      `the ${part} contains text that SASLprep (RFC 4013) does not allow: a control character, an unknown character, ` +
        'mixed text directions, or no visible character',
    );
  }
}
