/** ANONYMOUS (RFC 4505): a trace instead of a user. */

import { areForPassword } from './credentials.ts';
import { followCourse } from './exchange.ts';
import type { Mechanism } from './mechanism.ts';

/**
 * The mechanism. As in Cyrus, the trace is `anonymous@` and the name of this host, without any part of the credentials. It replaces a
 * password only: a client with a token or a certificate must be identified by that.
 */
export const anonymous: Mechanism = {
  name: 'ANONYMOUS',
  properties: new Set(['noplaintext']),
  isUsable: areForPassword,
  start: (_, { ownName }) => followCourse('ANONYMOUS', { initial: Buffer.from(`anonymous@${ownName}`) }),
};
