/** Levels of security, from lmtp_tls_security_level and the policy maps. */

/** The levels, lowest first, so far as they can be compared: fingerprint, verify and secure each ask for a certificate. */
export const tlsLevels = ['none', 'may', 'encrypt', 'fingerprint', 'verify', 'secure'] as const;

/**
 *   none         no TLS
 *   may          where the server offers it, whoever it is
 *   encrypt      always, whoever it is
 *   fingerprint  always, with a certificate or public key that is listed
 *   verify       always, with a trusted certificate for a name that lmtp_tls_verify_cert_match accepts
 *   secure       the same, with lmtp_tls_secure_cert_match
 */
export type TlsLevel = (typeof tlsLevels)[number];

/** Whether nothing may be sent in plaintext at this level. */
export function isMandatory(level: TlsLevel): boolean {
  return level !== 'none' && level !== 'may';
}

/** Whether nothing may be sent at this level to a server whose certificate does not match. */
export function mustMatch(level: TlsLevel): boolean {
  return level === 'fingerprint' || level === 'verify' || level === 'secure';
}
