/** The values of a certificate. */

/** The values of a certificate. */
export interface CertificateFacts {
  /** Distinguished name in one line, in the order of the certificate: `O=Example, CN=mail.example.com`. */
  readonly subject: string;
  /** The distinguished name of the issuer. */
  readonly issuer: string;
  /** The last common name of the subject, if any. */
  readonly commonName?: string;
  /** ISO 8601, UTC. */
  readonly validFrom: string;
  /** ISO 8601, UTC. */
  readonly validTo: string;
  /** dNSName entries of subjectAltName, in lower case, without a dot at the end. */
  readonly names: readonly string[];
  /** iPAddress entries of subjectAltName. */
  readonly addresses: readonly string[];
  /** The certificate, in DER. */
  readonly der: Buffer;
  /** Its public key (SubjectPublicKeyInfo), in DER. */
  readonly publicKey: Buffer;
}
