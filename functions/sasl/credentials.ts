/** Which kind of mechanism the credentials are for, so that no secret goes to one that it was not made for. */

import { type Channel, type Credentials, SaslError } from './mechanism.ts';

/**
 * Whether a certificate stands in for the secret: one was shown, and there is no password. Then EXTERNAL is all there is.
 */
export function areForCertificate({ kind, secret }: Credentials, { hasClientCertificate }: Channel): boolean {
  return kind === 'password' && secret === '' && hasClientCertificate;
}

/** Whether there is a password to prove. An empty one is one, as in Postfix, where no certificate stands in for it. */
export function areForPassword(credentials: Credentials, channel: Channel): boolean {
  return credentials.kind === 'password' && !areForCertificate(credentials, channel);
}

/** Whether there is a token to show. */
export function areForToken({ kind, secret }: Credentials): boolean {
  return kind === 'token' && secret !== '';
}

/**
 * Refuses what no mechanism can carry: NUL, which most use as a separator (RFC 4422 section 5), and what is not Unicode.
 *
 * @throws SaslError that names the part and not its content
 */
export function refuseUnsendable({ user, secret, kind }: Credentials): void {
  for (const [part, text] of [
    ['user name', user],
    [kind, secret],
  ] as const) {
    if (text.includes('\0')) throw new SaslError(`the ${part} holds a NUL, which SASL cannot carry`);
    if (!text.isWellFormed()) throw new SaslError(`the ${part} holds half a character (a lone surrogate)`);
  }
}
