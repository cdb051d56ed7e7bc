/** SASLprep (RFC 4013): different ways to write the same name or password become the same octets. */

import { saslprep } from '@mongodb-js/saslprep';
import { SaslError } from './mechanism.ts';

/**
 * Prepares a user name, as a query: characters that Unicode 3.2 does not know pass (RFC 5802 section 5.1).
 *
 * @throws SaslError if it cannot be prepared, or nothing is left of it
 */
export function prepareUser(user: string): string {
  const prepared = prepare('user name', user, true);
  if (prepared === '') throw new SaslError('the user name is empty');
  return prepared;
}

/**
 * Prepares a password, as a stored string: characters that Unicode 3.2 does not know are refused (RFC 5802 section 2.2).
 *
 * @throws SaslError that does not show it
 */
export function preparePassword(password: string): string {
  return prepare('password', password, false);
}

function prepare(part: string, text: string, allowUnassigned: boolean): string {
  try {
    return saslprep(text, { allowUnassigned });
  } catch {
    // The package throws errors of no class of their own, and fails on text of which nothing is left.
    throw new SaslError(
      `the ${part} holds what SASLprep (RFC 4013) does not allow: a control character, one that it does not know, ` +
        'text of both directions mixed, or nothing that can be seen',
    );
  }
}
