/** LOGIN (draft-murchison-sasl-login): the server asks for the user, then for the password. */

import { areForPassword, refuseUnsendable } from './credentials.ts';
import { followCourse } from './exchange.ts';
import type { Mechanism } from './mechanism.ts';

/**
 * The mechanism. It ignores the challenges: `Username:`, `User Name` with a NUL and an empty challenge all occur, and the order is
 * always the same.
 */
export const login: Mechanism = {
  name: 'LOGIN',
  properties: new Set(['noanonymous']),
  isUsable: areForPassword,
  start(credentials) {
    refuseUnsendable(credentials);
    const { user, secret } = credentials;
    return followCourse('LOGIN', { steps: [() => Buffer.from(user), () => Buffer.from(secret)] });
  },
};
