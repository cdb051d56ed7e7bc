/** The authorities that this system trusts: `lmtp_tls_CAfile = system`. */

import { getCACertificates } from 'node:tls';

/** The certificates of the system's own store, in PEM; none where it has no store. */
export function systemAuthorities(): readonly string[] {
  return getCACertificates('system');
}
