/** The kind of mechanism that credentials fit, so that no secret is sent by another kind. */

import { type Channel, type Credentials, SaslError } from './mechanism.ts';

/**
 * Whether a certificate replaces the secret: the client presented one, and there is no password. Then only EXTERNAL fits.
 */
export function areForCertificate({ kind, secret }: Credentials, { hasClientCertificate }: Channel): boolean {
  return kind === 'password' && secret === '' && hasClientCertificate;
}

/** Whether there is a password. As in Postfix, an empty one counts, unless a certificate replaces it. */
export function areForPassword(credentials: Credentials, channel: Channel): boolean {
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
