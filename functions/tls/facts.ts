/**
 * The negotiated TLS: the `tls` field of the delivery log.
 */

import type { Judgement } from './certificate.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { TlsLevel } from './levels.ts';
import type { TlsPolicy } from './policy.ts';

/** The negotiated TLS of a session. */
export interface TlsFacts {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** The name of RFC 8446 or OpenSSL: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  readonly level: TlsLevel;
  /** The level requires a certificate, and it matched: Postfix says "Verified". */
  readonly matched: boolean;
  /** A trusted authority signed the certificate: Postfix says "Trusted". */
  readonly trusted: boolean;
  /** The day on which the server's certificate ends: `2027-03-31`, UTC. Absent: it presented none. */
  readonly certificate_ends?: string;
  readonly subject?: string;
  /** Of the certificate, with lmtp_tls_fingerprint_digest. */
  readonly fingerprint?: string;
}

/** Returns the facts of a handshake. */
export function tlsFacts(
  policy: Pick<TlsPolicy, 'level' | 'digest'>,
  { protocol, cipher }: { readonly protocol: string; readonly cipher: string },
  { matched, trusted }: Judgement,
  certificate: CertificateFacts | undefined,
): TlsFacts {
  return {
    protocol,
    cipher,
    level: policy.level,
    matched,
    trusted,
    ...(certificate === undefined
      ? {}
      : {
          certificate_ends: certificate.validTo.slice(0, 10),
          subject: certificate.subject,
          fingerprint: fingerprintOf(certificate.der, policy.digest),
        }),
  };
}
