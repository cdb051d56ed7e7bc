/**
 * The request to go on under TLS (RFC 3207). The handshake itself is the driver's: from a 220 on, the octets are no lines.
 */

import { isPositive, type Reply } from '../smtp/reply.ts';
import { type Dialogue, receive, send } from './dialogue.ts';

/** How the server takes the request. */
export type TlsConsent = { readonly kind: 'granted' } | { readonly kind: 'refused'; readonly reply: Reply };

/** Asks the server to begin TLS. */
export function* startTls(): Dialogue<TlsConsent> {
  yield* send('STARTTLS');
  const reply = yield* receive('STARTTLS');
  return isPositive(reply) ? { kind: 'granted' } : { kind: 'refused', reply };
}
