/**
 * The security options of a mechanism (`lmtp_sasl_security_options` and its two variants for TLS).
 *
 * An option excludes every mechanism without the property of the same name.
 */

/**
 * Every option, in the order of postconf(5).
 *
 * - `noplaintext`: the secret is not sent in clear
 * - `noactive`: an attacker who takes part in the exchange gains nothing for other exchanges
 * - `nodictionary`: an eavesdropper cannot test passwords offline
 * - `noanonymous`: the client identifies itself
 * - `mutual_auth`: the server proves that it knows the secret, too
 * - `forward_secrecy`: a broken session does not expose other sessions
 */
export const securityOptions = [
  'noplaintext',
  'noactive',
  'nodictionary',
  'noanonymous',
  'mutual_auth',
  'forward_secrecy',
] as const;

/** One of {@link securityOptions}. */
export type SecurityOption = (typeof securityOptions)[number];
