/** Credentials, and the kind of mechanism that they fit, so that no secret is sent by another kind. */

import { SaslError } from './errors.ts';

/** The user, and the secret that proves it. */
export interface Credentials {
  /** The authentication identity. Empty for EXTERNAL: the server takes the identity of the certificate. */
  readonly user: string;
  /** Password or token; empty = none. */
  readonly secret: string;
  /** A password is never sent by a mechanism for tokens, nor a token by one for passwords. */
  readonly kind: 'password' | 'token';
}

/** What matters of a connection for the kind of mechanism. */
interface Certified {
  /** Whether the client presented a certificate. */
  readonly hasClientCertificate: boolean;
}

/**
 * Whether a certificate replaces the secret: the client presented one, and there is no password. Then only EXTERNAL fits.
 */
export function areForCertificate({ kind, secret }: Credentials, { hasClientCertificate }: Certified): boolean {
  return kind === 'password' && secret === '' && hasClientCertificate;
}

/** Whether there is a password. As in Postfix, an empty one counts, unless a certificate replaces it. */
export function areForPassword(credentials: Credentials, channel: Certified): boolean {
  return credentials.kind === 'password' && !areForCertificate(credentials, channel);
}

/** Whether there is a token. */
export function areForToken({ kind, secret }: Credentials): boolean {
  return kind === 'token' && secret !== '';
}

/**
 * Refuses text that no mechanism can send: NUL, which most use as a separator (RFC 4422 section 5), and invalid Unicode.
 *
 * @throws SaslError with the part, but not its content
 */
export function refuseUnsendable({ user, secret, kind }: Credentials): void {
  for (const [part, text] of [
    ['user name', user],
    [kind, secret],
  ] as const) {
    if (text.includes('\0')) throw new SaslError(`the ${part} contains a NUL, which SASL cannot send`);
    if (!text.isWellFormed()) throw new SaslError(`the ${part} contains half a character (a lone surrogate)`);
  }
}
