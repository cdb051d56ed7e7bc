/**
 * What two requests must share to share a session: the destination as it was asked for, and the very server.
 */

import { type Peer, relayName } from './session.ts';

/** The key of a session. `nextHop` is the destination's element in lower case, without `inet:`. */
export function sessionKey(nextHop: string, peer: Peer): string {
  return `${nextHop} ${relayName(peer)}`;
}
