/**
 * What a TLS handshake led to, as values, and what policy thinks of it.
 */

import type { ChannelBinding } from '../sasl/mechanism.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import type { TlsFacts } from './facts.ts';

/** A handshake that succeeded. */
export interface Secured {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** IANA's name of the cipher suite. */
  readonly cipher: string;
  /** Absent: the server showed none. */
  readonly certificate?: CertificateFacts;
  /** Why the chain is not trusted, as OpenSSL's code (`CERT_HAS_EXPIRED`); absent: it is. */
  readonly chainError?: string;
  /** Names of this connection that SASL mechanisms can bind to, best first. */
  readonly bindings: readonly ChannelBinding[];
  /** Whether we had a certificate to show. */
  readonly hasClientCertificate: boolean;
}

/** What policy thinks of a handshake. */
export interface TlsJudgement {
  /** For the log. */
  readonly facts: TlsFacts;
  /** Why the certificate does not match, where it must. */
  readonly reason?: string;
}
