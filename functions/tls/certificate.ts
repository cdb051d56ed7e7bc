/**
 * The certificate of a server, and whether it matches a policy (Postfix tls_client.c, smtp_proto.c).
 *
 *   level             chain        name or fingerprint    matched
 *   none, may         any          any                    never, which is not a fault
 *   encrypt           any          any                    never, which is not a fault
 *   fingerprint       any          fingerprint listed     if so
 *   verify, secure    trusted      one of the names       if both
 *
 * As in Postfix, a certificate counts as verified only if the level requires one. lmtp_sasl_tls_verified_security_options depends on
 * that.
 */

import type { X509Certificate } from 'node:crypto';
import { escapeControls } from '../smtp/control-characters.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { chainFault } from './chain-fault.ts';
import { fingerprintOf } from './fingerprint.ts';
import { mustMatch } from './levels.ts';
import { fold, matchesNames, namesOf, type RuleContext, resolveRules } from './names.ts';
import type { TlsPolicy } from './policy.ts';
import { publicKeyOf } from './public-key.ts';

/** The certificate to judge. */
export interface PeerCertificate extends RuleContext {
  /** Absent: the server presented none. */
  readonly certificate?: CertificateFacts | undefined;
  /**
   * The fault of the chain: a code of the TLS library, such as CERT_HAS_EXPIRED, or text. Absent: no fault. The library must not
   * compare names (`checkServerIdentity`), because its rules differ.
   */
  readonly chainError?: string | undefined;
}

/** The judgement of a certificate. */
export interface Judgement {
  /** The level requires a certificate, and this one matches: Postfix says "Verified". Always false at none, may and encrypt. */
  readonly matched: boolean;
  /** The chain ends at a trusted authority: Postfix says "Trusted". */
  readonly trusted: boolean;
  /** Why it does not match, to follow 4.7.5. */
  readonly reason?: string;
}

/** Returns the values of a certificate. */
export function certificateFacts(x509: X509Certificate): CertificateFacts {
  const names = alternativeNames(x509.subjectAltName);
  // The subject as an object has the common name without escapes.
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
 * @param now milliseconds, only for the text of the reason
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
  if (certificate === undefined) return 'Server certificate not verified: the server presented none';
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

/** Returns a list for the log: a certificate may have hundreds of names with any content. */
function listOf(names: readonly string[]): string {
  if (names.length === 0) return 'no name';
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `${names.slice(0, 5).map(printable).join(', ')}${more}`;
}

/** Escapes control characters, and cuts after 255 characters, the limit of a name. */
function printable(name: string): string {
  const text = escapeControls(name);
  return text.length > 255 ? `${text.slice(0, 255)}...` : text;
}

/**
 * Returns the entries of subjectAltName from Node's text: `DNS:a.example, IP Address:10.0.0.1`. A value with special characters is a
 * JSON string, so that no comma in it can begin an entry.
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

/** Returns a time in ISO 8601; a time that the runtime cannot parse stays unchanged. */
function isoTime(date: Date, text: string): string {
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}
