/** PLAIN (RFC 4616): user and password in UTF-8, not prepared, as in Postfix. */

import { areForPassword, refuseUnsendable } from './credentials.ts';
import { followCourse } from './exchange.ts';
import type { Mechanism } from './mechanism.ts';

/** The mechanism. There is no authorization identity: the server derives it from the user. */
export const plain: Mechanism = {
  name: 'PLAIN',
  properties: new Set(['noanonymous']),
  isUsable: areForPassword,
  start(credentials) {
    refuseUnsendable(credentials);
    return followCourse('PLAIN', { initial: Buffer.from(`\0${credentials.user}\0${credentials.secret}`) });
  },
};
