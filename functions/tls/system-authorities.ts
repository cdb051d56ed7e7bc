/** The authorities of the system: `lmtp_tls_CAfile = system`. */

import { getCACertificates } from 'node:tls';

/** Returns the certificates of the system's store, in PEM; empty without a store. */
export function systemAuthorities(): readonly string[] {
  return getCACertificates('system');
}
