/**
 * What a mechanism can be required to withstand (the words of `lmtp_sasl_security_options` and its two TLS kin).
 *
 * An option excludes every mechanism that lacks the property of the same name.
 */

/**
 * Every option, in the order in which postconf(5) names them.
 *
 * - `noplaintext`: the secret does not cross the wire as it is
 * - `noactive`: a server, or somebody between, that takes part in the exchange gains nothing for other exchanges
 * - `nodictionary`: whoever listens cannot try out passwords afterwards
 * - `noanonymous`: the client says who it is
 * - `mutual_auth`: the server proves that it knows the secret too
 * - `forward_secrecy`: what is learned of one session opens no other
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
