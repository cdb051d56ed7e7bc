/**
 * What a TLS library has against a chain of certificates, in words for the log.
 */

import type { CertificateFacts } from './certificate-facts.ts';

/**
 * The words for a code (OpenSSL's X509_V_ERR_..., without that); what is no code of these is shown as it is.
 *
 * @param now milliseconds: tells whether the time is up of the certificate itself, or of one above it
 */
export function chainWords(error: string, { issuer, validFrom, validTo }: CertificateFacts, now: number): string {
  switch (error) {
    case 'CERT_HAS_EXPIRED':
      return Date.parse(validTo) <= now ? `expired on ${day(validTo)}` : 'a certificate above it has expired';
    case 'CERT_NOT_YET_VALID':
      return Date.parse(validFrom) > now
        ? `not valid before ${day(validFrom)}`
        : 'a certificate above it is not yet valid';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return 'self-signed';
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return `its chain ends at an authority that is not trusted (issuer ${issuer})`;
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `unknown authority, or the server left out one between (issuer ${issuer})`;
    case 'CERT_REVOKED':
      return 'revoked';
    case 'INVALID_PURPOSE':
      return 'not meant for servers';
    case 'CERT_SIGNATURE_FAILURE':
      return 'its signature is wrong';
    default:
      return error;
  }
}

/** ISO 8601 without the time of day. */
function day(time: string): string {
  return time.slice(0, 10);
}
