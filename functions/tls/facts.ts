/**
 * What was had of TLS: the `tls` field of the delivery log.
 */

import type { Judgement } from './certificate.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { TlsLevel } from './levels.ts';
import type { TlsPolicy } from './policy.ts';

/** What was had of TLS with a server. */
export interface TlsFacts {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** The name of RFC 8446 or OpenSSL: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  readonly level: TlsLevel;
  /** The certificate was asked for, and was good: Postfix says "Verified". */
  readonly matched: boolean;
  /** An authority that we trust stands behind the certificate: Postfix says "Trusted". */
  readonly trusted: boolean;
  /** The day on which the server's certificate ends: `2027-03-31`, UTC. Absent: it showed none. */
  readonly certificate_ends?: string;
  readonly subject?: string;
  /** Of the certificate, with lmtp_tls_fingerprint_digest. */
  readonly fingerprint?: string;
}

/** Composes them. */
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
