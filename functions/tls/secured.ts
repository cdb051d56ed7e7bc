/**
 * The result of a TLS handshake, and its judgement by the policy.
 */

import type { ChannelBinding } from '../sasl/mechanism.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import type { TlsFacts } from './facts.ts';

/** A successful handshake. */
export interface Secured {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** IANA's name of the cipher suite. */
  readonly cipher: string;
  /** Absent: the server presented none. */
  readonly certificate?: CertificateFacts;
  /** Why the chain is not trusted: OpenSSL's code (`CERT_HAS_EXPIRED`). Absent: it is trusted. */
  readonly chainError?: string;
  /** The channel bindings of this connection for SASL, best first. */
  readonly bindings: readonly ChannelBinding[];
  /** Whether the client had a certificate. */
  readonly hasClientCertificate: boolean;
}

/** The judgement of a handshake by the policy. */
export interface TlsJudgement {
  /** For the log. */
  readonly facts: TlsFacts;
  /** Why the certificate does not match, if it must. */
  readonly reason?: string;
}
