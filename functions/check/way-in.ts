/**
 * How the agent would get into a server; and where it could not, because a secret or a certificate of ours cannot be had, as
 * much of the way as there is, so that the check can still tell what the server is like.
 */

import { type Access, findAccess } from '../delivery/access.ts';
import type { Agent } from '../delivery/agent.ts';
import type { Trouble } from '../delivery/trouble.ts';
import type { NextHop } from '../request/destination.ts';
import type { FetchOptions } from '../secrets/secrets.ts';
import type { Peer } from '../session/session.ts';

/** The way into a server. */
export type WayIn =
  | { readonly kind: 'whole'; readonly access: Access }
  /** TLS is as it should be, but there is no password. */
  | { readonly kind: 'without password'; readonly access: Access; readonly trouble: Trouble }
  /** Not even TLS can be tried. */
  | { readonly kind: 'without TLS'; readonly isPolicy: boolean; readonly trouble: Trouble };

/** Finds it, from secrets as they are now. */
export async function findWayIn(hop: NextHop, peer: Peer, agent: Agent, options: FetchOptions): Promise<WayIn> {
  const found = await findAccess(hop, peer, agent, options);
  if (found.kind === 'found') return { kind: 'whole', access: found.access };
  const parameters = { ...agent.parameters, lmtp_sasl_auth_enable: false };
  const withoutPassword = await findAccess(hop, peer, { ...agent, parameters }, options);
  if (withoutPassword.kind === 'found') {
    return { kind: 'without password', access: withoutPassword.access, trouble: found.trouble };
  }
  // What is wrong with the policy is told as the server's trouble, what is wrong with a secret as our own.
  return { kind: 'without TLS', isPolicy: found.trouble.scope !== 'self', trouble: found.trouble };
}
