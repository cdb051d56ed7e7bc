/** ANONYMOUS (RFC 4505): a trace in place of a user. */

import { areForPassword } from './credentials.ts';
import { followCourse } from './exchange.ts';
import type { Mechanism } from './mechanism.ts';

/**
 * The mechanism. The trace is `anonymous@` and our own name, as Cyrus has it, and nothing of the credentials. It stands in
 * for a password only: who has a token or a certificate wants to be known by it.
 */
export const anonymous: Mechanism = {
  name: 'ANONYMOUS',
  properties: new Set(['noplaintext']),
  isUsable: areForPassword,
  start: (_, { ownName }) => followCourse('ANONYMOUS', { initial: Buffer.from(`anonymous@${ownName}`) }),
};
