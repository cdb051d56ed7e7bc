/**
 * Destinations as the queue stores them: the next-hops of this transport, an agent that delivers nothing, or another
 * transport.
 *
 *     inet:host:port,inet:...     next-hops, normalised (destination.ts)
 *     unix:/path                  the same
 *     error:5.1.1 text            bounces with the text (Postfix error(8))
 *     retry:4.0.0 text            is deferred with the text, and looked up in the transport map again each time (retry(8))
 *     discard:text                is discarded, as if it had been sent (discard(8))
 *     mailman:inet:host:port      is handed to the transport mailman, whose own map decides if there is no next-hop
 *
 * A request can only name next-hops, which are always stored as inet: or unix:.
 */

import type { EnhancedStatus } from '../smtp/enhanced-status.ts';

/** What happens to mail that is not delivered. */
export type Ending =
  | { readonly kind: 'error' | 'retry'; readonly status: EnhancedStatus; readonly text: string }
  | { readonly kind: 'discard'; readonly text: string };

/** Another transport of the same system. */
export interface OtherTransport {
  readonly transport: string;
  /** In Postfix's next-hop syntax; empty: the map of the other transport decides. */
  readonly nextHop: string;
}

/** Names of services that no other transport may have. */
export const reservedServices: ReadonlySet<string> = new Set(['inet', 'unix', 'error', 'retry', 'discard']);

/** Returns an ending as a stored destination. */
export function formatEnding(ending: Ending): string {
  return ending.kind === 'discard' ? `discard:${ending.text}` : `${ending.kind}:${ending.status} ${ending.text}`;
}

/** Returns the ending in a stored destination; undefined if mail is to be delivered. */
export function parseEnding(destination: string): Ending | undefined {
  const discard = /^discard:(.*)$/s.exec(destination);
  if (discard !== null) return { kind: 'discard', text: discard[1] ?? '' };
  const [, kind, status, text = ''] = /^(error|retry):([45]\.\d{1,3}\.\d{1,3}) (.*)$/s.exec(destination) ?? [];
  if (kind === undefined || status === undefined) return undefined;
  return { kind: kind === 'error' ? 'error' : 'retry', status: status as EnhancedStatus, text };
}

/** Returns the other transport in a stored destination; undefined if it is this one. */
export function parseOtherTransport(destination: string): OtherTransport | undefined {
  const [, transport, nextHop = ''] = /^([a-z][a-z0-9-]*):(.*)$/s.exec(destination) ?? [];
  if (transport === undefined || reservedServices.has(transport)) return undefined;
  return { transport, nextHop };
}

/** Whether mail is parked: looked up in the transport map again each time it falls due. */
export function isParked(destination: string): boolean {
  return destination.startsWith('retry:');
}
