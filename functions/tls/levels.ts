/** The security levels of lmtp_tls_security_level and the policy maps. */

/** The levels, lowest first; fingerprint, verify and secure each require a certificate. */
export const tlsLevels = ['none', 'may', 'encrypt', 'fingerprint', 'verify', 'secure'] as const;

/**
 *   none         no TLS
 *   may          if the server offers it, with any certificate
 *   encrypt      always, with any certificate
 *   fingerprint  always, with a certificate or public key that is listed
 *   verify       always, with a trusted certificate for a name that lmtp_tls_verify_cert_match accepts
 *   secure       the same, with lmtp_tls_secure_cert_match
 */
export type TlsLevel = (typeof tlsLevels)[number];

/** Whether this level forbids plain text. */
export function isMandatory(level: TlsLevel): boolean {
  return level !== 'none' && level !== 'may';
}

/** Whether this level requires a matching certificate. */
export function mustMatch(level: TlsLevel): boolean {
  return level === 'fingerprint' || level === 'verify' || level === 'secure';
}
