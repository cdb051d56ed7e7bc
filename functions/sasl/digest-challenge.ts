/**
 * The challenges of DIGEST-MD5 (RFC 2831 sections 2.1.1 and 2.1.3), parsed as in Cyrus: blanks, empty elements and unknown directives
 * are ignored; required directives are required.
 *
 * All text is Latin-1, one character for each octet, so that it is sent back unchanged.
 */

import { SaslError } from './errors.ts';

/** Octets of the longest challenge; a client should stop at a longer one (RFC 2831 section 2.1.1). */
const longestChallenge = 2048;

/** The first challenge. */
export interface DigestChallenge {
  /** In order; may be empty. */
  readonly realms: readonly string[];
  readonly nonce: string;
  /** Whether UTF-8 is allowed; else all text is ISO 8859-1. */
  readonly allowsUtf8: boolean;
}

interface Directive {
  /** Lower case. */
  readonly name: string;
  /** Without quotes and escapes. */
  readonly value: string;
}

/**
 * Parses the first challenge.
 *
 * @throws SaslError if there is no valid response to it
 */
export function parseDigestChallenge(challenge: Buffer): DigestChallenge {
  const directives = parseDirectives(challenge);
  const nonce = single(directives, 'nonce');
  if (nonce === undefined || nonce === '') throw new SaslError('the DIGEST-MD5 challenge has no nonce');
  const algorithm = single(directives, 'algorithm');
  if (algorithm?.toLowerCase() !== 'md5-sess') {
    throw new SaslError('the DIGEST-MD5 challenge does not ask for the algorithm md5-sess');
  }
  const qualities = all(directives, 'qop').flatMap((list) => list.toLowerCase().split(','));
  if (qualities.length > 0 && !qualities.some((quality) => quality.trim() === 'auth')) {
    throw new SaslError('the DIGEST-MD5 challenge requires a security layer (qop), which is left to TLS');
  }
  const charset = single(directives, 'charset')?.toLowerCase();
  if (charset !== undefined && charset !== 'utf-8') {
    throw new SaslError('the DIGEST-MD5 challenge names a charset other than utf-8');
  }
  return { realms: all(directives, 'realm'), nonce, allowsUtf8: charset === 'utf-8' };
}

/**
 * Returns the server's proof from the second challenge.
 *
 * @throws SaslError if there is none
 */
export function parseServerProof(challenge: Buffer): string {
  const proof = single(parseDirectives(challenge), 'rspauth');
  if (proof === undefined) throw new SaslError('the second DIGEST-MD5 challenge has no proof of the server (rspauth)');
  return proof;
}

function all(directives: readonly Directive[], wanted: string): readonly string[] {
  return directives.filter(({ name }) => name === wanted).map(({ value }) => value);
}

function single(directives: readonly Directive[], wanted: string): string | undefined {
  const [value, ...more] = all(directives, wanted);
  if (more.length > 0) throw new SaslError(`the DIGEST-MD5 challenge has ${wanted} more than once`);
  return value;
}

// Blanks and commas; name=value or name="value"; a comma or the end.
const directive =
  /[ \t\r\n,]*([^ \t\r\n,="]+)[ \t\r\n]*=[ \t\r\n]*(?:(?:"((?:[^"\\]|\\.)*)"|([^ \t\r\n,"]+))[ \t\r\n]*)?(?:,|$)/sy;
const nothing = /[ \t\r\n,]*$/y;

function parseDirectives(challenge: Buffer): readonly Directive[] {
  if (challenge.length > longestChallenge) {
    throw new SaslError(`the DIGEST-MD5 challenge is longer than ${longestChallenge} octets`);
  }
  const text = challenge.toString('latin1');
  const directives: Directive[] = [];
  for (let at = 0; !matchAt(nothing, text, at); at = directive.lastIndex) {
    const match = matchAt(directive, text, at);
    if (match === null) throw new SaslError('the DIGEST-MD5 challenge is not a list of directives');
    const [, name = '', quoted, plain = ''] = match;
    directives.push({ name: name.toLowerCase(), value: quoted?.replaceAll(/\\(.)/gs, '$1') ?? plain });
  }
  return directives;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
