/**
 * Fingerprints of certificates and public keys (Postfix lmtp_tls_fingerprint_digest).
 */

import { createHash } from 'node:crypto';

/** Octets of each digest algorithm of fingerprints. */
export const fingerprintLength = { sha256: 32, sha384: 48, sha512: 64 } as const;

/** A digest algorithm of fingerprints. */
export type FingerprintDigest = keyof typeof fingerprintLength;

/** Returns the fingerprint of octets: pairs of hexadecimal digits in capitals, separated by colons. */
export function fingerprintOf(octets: Uint8Array, digest: FingerprintDigest): string {
  const hexadecimal = createHash(digest).update(octets).digest('hex').toUpperCase();
  return hexadecimal.replaceAll(/..(?=.)/g, '$&:');
}
