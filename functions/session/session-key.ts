/**
 * The session key: the destination, the server, the TLS policy and the user, all of which two requests must have in common to share a
 * session.
 */

import { type Peer, relayName } from './session.ts';

/**
 * Returns the key of a session.
 *
 * @param nextHop the destination's element in lower case, without `inet:`
 * @param access  differs with the TLS policy, the trusted and client certificates, the user, and the version of the password, so
 *                that a changed password never uses an old session
 */
export function sessionKey(nextHop: string, peer: Peer, access = ''): string {
  return `${nextHop} ${relayName(peer)} ${access}`.trimEnd();
}
