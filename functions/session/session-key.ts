/**
 * What two requests must share to share a session: the destination as it was asked for, the very server, what must be had of
 * TLS, and who we are there.
 */

import { type Peer, relayName } from './session.ts';

/**
 * The key of a session.
 *
 * @param nextHop the destination's element in lower case, without `inet:`
 * @param access  differs with the TLS policy, the certificates that are trusted or shown, the user, and the version of his
 *                password: so a password that was changed never rides on an old session
 */
export function sessionKey(nextHop: string, peer: Peer, access = ''): string {
  return `${nextHop} ${relayName(peer)} ${access}`.trimEnd();
}
