/**
 * Whether a server's certificate is good enough for a policy (Postfix tls_client.c:verify_extract_name, tls_match.c).
 */

import type { X509Certificate } from 'node:crypto';
import type { TlsPolicy } from './policy.ts';

/** What a certificate says. */
export interface CertificateFacts {
  /** Distinguished name in one line, most specific part first: `CN=mail.example.com, O=Example`. */
  readonly subject: string;
  /** The same of who signed it. */
  readonly issuer: string;
  /** The last common name of the subject, if it has any. */
  readonly commonName?: string;
  /** ISO 8601, UTC. */
  readonly validFrom: string;
  /** ISO 8601, UTC. */
  readonly validTo: string;
  /** dNSName entries of subjectAltName, in lower case, without a dot at the end. */
  readonly names: readonly string[];
  /** iPAddress entries of subjectAltName. */
  readonly addresses: readonly string[];
  /** The whole of it, in DER. */
  readonly der: Buffer;
  /** Its public key (SubjectPublicKeyInfo), in DER. */
  readonly publicKey: Buffer;
}

/** What is judged. */
export interface PeerCertificate {
  /** Absent: the server showed none. */
  readonly certificate?: CertificateFacts;
  /** What the TLS library has against the chain: its code, such as CERT_HAS_EXPIRED, or words. Absent: nothing. */
  readonly chainError?: string;
  /** The name of the server that we are connected to, or its address. */
  readonly serverHost: string;
  /** The host of the destination. */
  readonly nextHop: string;
}

/** What is to be thought of a certificate. */
export interface Judgement {
  /** The level asks for a certificate, and this one is good: "verified". Never so at none, may and encrypt. */
  readonly matched: boolean;
  /** The chain leads to an authority that we trust. */
  readonly trusted: boolean;
  /** Why it does not match, where it must. */
  readonly reason?: string;
}

export declare function certificateFacts(x509: X509Certificate): CertificateFacts;
export declare function judgeCertificate(policy: TlsPolicy, peer: PeerCertificate): Judgement;
