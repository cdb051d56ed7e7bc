/**
 * What a server's certificate says, and whether it is good enough for a policy (Postfix tls_client.c, smtp_proto.c).
 *
 *   level             chain        name or fingerprint    matched
 *   none, may         any          any                    never, and nothing is wrong with that
 *   encrypt           any          any                    never, and nothing is wrong with that
 *   fingerprint       any          fingerprint listed     if so
 *   verify, secure    trusted      one of the names       if both
 *
 * As in Postfix a certificate counts as verified only where the level asks for one, however good it is: that is what
 * lmtp_sasl_tls_verified_security_options go by.
 */

import type { X509Certificate } from 'node:crypto';
import type { CertificateFacts } from './certificate-facts.ts';
import { chainFault } from './chain-fault.ts';
import { fingerprintOf } from './fingerprint.ts';
import { mustMatch } from './levels.ts';
import { fold, matchesNames, namesOf, type RuleContext, resolveRules } from './names.ts';
import type { TlsPolicy } from './policy.ts';
import { publicKeyOf } from './public-key.ts';

/** What is judged. */
export interface PeerCertificate extends RuleContext {
  /** Absent: the server showed none. */
  readonly certificate?: CertificateFacts | undefined;
  /**
   * What the TLS library has against the chain: its code, such as CERT_HAS_EXPIRED, or words. Absent: nothing. The library
   * must have been kept from comparing names (`checkServerIdentity`): its rules are others.
   */
  readonly chainError?: string | undefined;
}

/** What is to be thought of a certificate. */
export interface Judgement {
  /** The level asks for a certificate, and this one is good: Postfix says "Verified". Never so at none, may and encrypt. */
  readonly matched: boolean;
  /** The chain leads to an authority that we trust: Postfix says "Trusted". */
  readonly trusted: boolean;
  /** Why it does not match where it must, in words that go behind 4.7.5. */
  readonly reason?: string;
}

/** What a certificate says. */
export function certificateFacts(x509: X509Certificate): CertificateFacts {
  const names = alternativeNames(x509.subjectAltName);
  // The subject as an object has a common name as it is, with no character escaped.
  const { CN } = (x509.toLegacyObject().subject ?? {}) as { readonly CN?: string | readonly string[] };
  const commonName = typeof CN === 'string' ? CN : CN?.at(-1);
  return {
    subject: inOneLine(x509.subject),
    issuer: inOneLine(x509.issuer),
    ...(commonName === undefined ? {} : { commonName }),
    validFrom: isoTime(x509.validFromDate, x509.validFrom),
    validTo: isoTime(x509.validToDate, x509.validTo),
    names: namesOfType(names, 'DNS').map(fold),
    addresses: namesOfType(names, 'IP Address'),
    der: x509.raw,
    publicKey: publicKeyOf(x509.raw),
  };
}

/**
 * Judges a certificate.
 *
 * @param now milliseconds, for the words of the reason alone
 */
export function judgeCertificate(
  policy: Pick<TlsPolicy, 'level' | 'match' | 'digest'>,
  peer: PeerCertificate,
  now: number = Date.now(),
): Judgement {
  const { certificate, chainError } = peer;
  const trusted = certificate !== undefined && chainError === undefined;
  if (!mustMatch(policy.level)) return { matched: false, trusted };
  const reason = faultOf(policy, peer, now);
  return reason === undefined ? { matched: true, trusted } : { matched: false, trusted, reason };
}

function faultOf(
  { level, match, digest }: Pick<TlsPolicy, 'level' | 'match' | 'digest'>,
  { certificate, chainError, ...context }: PeerCertificate,
  now: number,
): string | undefined {
  if (certificate === undefined) return 'Server certificate not verified: the server showed none';
  if (level === 'fingerprint') {
    const own = [fingerprintOf(certificate.der, digest), fingerprintOf(certificate.publicKey, digest)] as const;
    if (match.some((listed) => own.includes(listed.toUpperCase()))) return undefined;
    return `Server certificate not verified: its ${digest} fingerprint ${own[0]} and that of its public key ${own[1]} are not listed`;
  }
  if (chainError !== undefined)
    return `Server certificate not trusted: ${chainFault(chainError, certificate, now).text}`;
  const wanted = resolveRules(match, context);
  if (matchesNames(certificate, wanted)) return undefined;
  const shown = [...namesOf(certificate), ...certificate.addresses];
  return `Server certificate not verified: it is for ${listOf(shown)}; wanted ${listOf(wanted)}`;
}

/** A list for the log: a certificate may have hundreds of names, and anything in them. */
function listOf(names: readonly string[]): string {
  if (names.length === 0) return 'no name';
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `${names.slice(0, 5).map(printable).join(', ')}${more}`;
}

/** Control characters as `?`, as Postfix shows them, and no more than 255 characters: longer than that is no name. */
function printable(name: string): string {
  const text = name.replaceAll(/\p{Cc}/gu, '?');
  return text.length > 255 ? `${text.slice(0, 255)}...` : text;
}

/**
 * The entries of subjectAltName as Node writes them: `DNS:a.example, IP Address:10.0.0.1`. A value with odd characters is a
 * string of JSON, so that no comma in it can pretend to begin an entry.
 */
function alternativeNames(text: string | undefined): readonly string[] {
  return (text?.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g) ?? []).map((entry) => entry.trimStart());
}

function namesOfType(entries: readonly string[], type: string): readonly string[] {
  return entries
    .filter((entry) => entry.startsWith(`${type}:`))
    .map((entry) => entry.slice(type.length + 1))
    .map((value) => (value.startsWith('"') ? String(JSON.parse(value)) : value));
}

function inOneLine(name: string | undefined): string {
  return printable((name ?? '').trim().split('\n').join(', '));
}

/** A time that the runtime cannot read stays as it is. */
function isoTime(date: Date, text: string): string {
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}
