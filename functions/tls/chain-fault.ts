/**
 * The faults of a certificate chain, from the codes of the TLS library.
 */

import type { CertificateFacts } from './certificate-facts.ts';

/** A fault of a chain. */
export interface ChainFault {
  readonly kind:
    | 'certificate expired'
    | 'certificate not yet valid'
    | 'self-signed'
    | 'unknown authority'
    | 'certificate not accepted';
  /** In words, for the log. */
  readonly text: string;
}

/**
 * Returns the fault for a code (OpenSSL's X509_V_ERR_..., without that prefix). An unknown code is shown as it is.
 *
 * @param now milliseconds: decides whether the certificate itself has expired, or one above it
 */
export function chainFault(error: string, { issuer, validFrom, validTo }: CertificateFacts, now: number): ChainFault {
  switch (error) {
    case 'CERT_HAS_EXPIRED':
      return Date.parse(validTo) <= now
        ? { kind: 'certificate expired', text: `expired on ${day(validTo)}` }
        : notAccepted('a certificate above it has expired');
    case 'CERT_NOT_YET_VALID': {
      const isOwn = Date.parse(validFrom) > now;
      const text = isOwn ? `not valid before ${day(validFrom)}` : 'a certificate above it is not yet valid';
      return { kind: 'certificate not yet valid', text };
    }
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return { kind: 'self-signed', text: 'self-signed' };
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return { kind: 'unknown authority', text: `its chain ends at an untrusted authority (issuer ${issuer})` };
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE': {
      const text = `unknown authority, or the server omits an intermediate certificate (issuer ${issuer})`;
      return { kind: 'unknown authority', text };
    }
    case 'CERT_REVOKED':
      return notAccepted('revoked');
    case 'INVALID_PURPOSE':
      return notAccepted('not issued for servers');
    case 'CERT_SIGNATURE_FAILURE':
      return notAccepted('its signature is wrong');
    default:
      return notAccepted(error);
  }
}

function notAccepted(text: string): ChainFault {
  return { kind: 'certificate not accepted', text };
}

/** ISO 8601 without the time of day. */
function day(time: string): string {
  return time.slice(0, 10);
}
