/** EXTERNAL (RFC 4422 appendix A): the client certificate identifies the client. */

import { areForCertificate, refuseUnsendable } from './credentials.ts';
import { followCourse } from './exchange.ts';
import type { Mechanism } from './mechanism.ts';

/** The mechanism. The user is the identity to act as; without one, the server derives it from the certificate. */
export const external: Mechanism = {
  name: 'EXTERNAL',
  properties: new Set(['noplaintext', 'nodictionary', 'noanonymous']),
  isUsable: areForCertificate,
  start(credentials) {
    refuseUnsendable(credentials);
    return followCourse('EXTERNAL', { initial: Buffer.from(credentials.user) });
  },
};
