/**
 * The TLS policy for a server (Postfix smtp_tls_policy.c, TLS_README): the parameters, and the entry of lmtp_tls_policy_maps for its
 * destination.
 *
 * An invalid policy is a value, and soft: mail is deferred until the policy is corrected, and is never sent without it.
 */

import type { Parameters } from '../parameters/parameters.ts';
import type { TlsVersion } from '../parameters/protocols.ts';
import type { FingerprintDigest } from './fingerprint.ts';
import { isMandatory, mustMatch, type TlsLevel } from './levels.ts';
import { faultOfFingerprint, readFingerprints, readNameRules } from './match-rules.ts';
import { type PolicyEntry, PolicyEntryError, parsePolicyEntry } from './policy-entry.ts';
import { isAddress, isUnix, policyKeys, type TlsHop } from './policy-keys.ts';

export type { TlsVersion } from '../parameters/protocols.ts';
export { isMandatory, mustMatch, type TlsLevel } from './levels.ts';
export type { TlsHop } from './policy-keys.ts';

/** A TLS policy. */
export interface TlsPolicy {
  readonly level: TlsLevel;
  /** TLS from the first octet (lmtp_tls_wrappermode). */
  readonly isWrapped: boolean;
  /**
   * At verify and secure: `hostname`, `nexthop`, `dot-nexthop`, names, `.domain`, `[address]`, in lower case; at fingerprint:
   * fingerprints in capitals. Else empty.
   */
  readonly match: readonly string[];
  /** The digest algorithm of fingerprints. */
  readonly digest: FingerprintDigest;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** The name sent in the handshake (SNI); absent: none. */
  readonly servername?: string;
  /** Whether a session may be kept for another request (lmtp_tls_connection_reuse). */
  readonly isReusable: boolean;
  /** Changes with every part of the policy that matters for a session. */
  readonly key: string;
}

/** A policy, or why there is none: `text` follows 4.7.5. */
export type PolicyResult =
  | { readonly kind: 'policy'; readonly policy: TlsPolicy }
  | { readonly kind: 'unusable'; readonly text: string };

/** The parameters of a policy. */
export type TlsPolicyParameters = Pick<
  Parameters,
  | 'lmtp_tls_security_level'
  | 'lmtp_tls_policy_maps'
  | 'lmtp_tls_wrappermode'
  | 'lmtp_tls_verify_cert_match'
  | 'lmtp_tls_secure_cert_match'
  | 'lmtp_tls_fingerprint_cert_match'
  | 'lmtp_tls_fingerprint_digest'
  | 'lmtp_tls_protocols'
  | 'lmtp_tls_mandatory_protocols'
  | 'lmtp_tls_servername'
  | 'lmtp_tls_connection_reuse'
>;

/**
 * Returns the policy for one server of a destination.
 *
 * @param serverHost the server's name, or its address if the destination is one; for a unix-domain socket the name of this host
 */
export function tlsPolicy(parameters: TlsPolicyParameters, hop: TlsHop, serverHost: string): PolicyResult {
  try {
    return { kind: 'policy', policy: composePolicy(parameters, hop, serverHost) };
  } catch (error) {
    if (error instanceof PolicyEntryError) return { kind: 'unusable', text: unusable(hop, error.message) };
    throw error;
  }
}

function unusable({ name }: TlsHop, reason: string): string {
  return `TLS policy for ${name} is unusable: ${reason}`;
}

function composePolicy(parameters: TlsPolicyParameters, hop: TlsHop, serverHost: string): TlsPolicy {
  const entry = findEntry(parameters, hop) ?? { level: parameters.lmtp_tls_security_level || 'none' };
  // A socket of this machine cannot be tapped on a network. Postfix uses no TLS either (smtp_connect_local).
  const level = entry.level === 'may' && isUnix(hop) ? 'none' : entry.level;
  const isWrapped = parameters.lmtp_tls_wrappermode;
  if (isWrapped && !isMandatory(level)) {
    throw new PolicyEntryError(`lmtp_tls_wrappermode=yes needs level encrypt or higher, not ${level}`);
  }
  const range =
    entry.protocols ?? (isMandatory(level) ? parameters.lmtp_tls_mandatory_protocols : parameters.lmtp_tls_protocols);
  const servername = serverNameFor(entry.servername ?? parameters.lmtp_tls_servername, hop, serverHost);
  const policy = {
    level,
    isWrapped,
    match: matchFor(level, entry, parameters),
    digest: parameters.lmtp_tls_fingerprint_digest,
    minVersion: range.min,
    maxVersion: range.max,
    ...(servername === undefined ? {} : { servername }),
    isReusable: entry.isReusable ?? parameters.lmtp_tls_connection_reuse,
  };
  return { ...policy, key: level === 'none' ? level : JSON.stringify(policy) };
}

/** @throws PolicyEntryError if the first entry found is invalid; no other is used then */
function findEntry({ lmtp_tls_policy_maps: maps }: TlsPolicyParameters, hop: TlsHop): PolicyEntry | undefined {
  for (const key of policyKeys(hop)) {
    const text = maps.find(key);
    if (text !== undefined) return parseFound(key, text);
  }
  return undefined;
}

function parseFound(key: string, text: string): PolicyEntry {
  try {
    return parsePolicyEntry(text);
  } catch (cause) {
    if (!(cause instanceof PolicyEntryError)) throw cause;
    throw new PolicyEntryError(`lmtp_tls_policy_maps, entry "${key}": ${cause.message}`, { cause });
  }
}

function matchFor(level: TlsLevel, { match }: PolicyEntry, parameters: TlsPolicyParameters): readonly string[] {
  if (!mustMatch(level)) return [];
  if (level !== 'fingerprint') {
    const rules = match ?? readNameRules(parameters[`lmtp_tls_${level === 'verify' ? 'verify' : 'secure'}_cert_match`]);
    if (rules.length === 0) throw new PolicyEntryError(`level ${level} needs names to match`);
    return rules;
  }
  const fingerprints = match ?? readFingerprints(parameters.lmtp_tls_fingerprint_cert_match);
  if (fingerprints.length === 0) throw new PolicyEntryError('level fingerprint needs fingerprints to match');
  for (const fingerprint of fingerprints) {
    const fault = faultOfFingerprint(fingerprint, parameters.lmtp_tls_fingerprint_digest);
    if (fault !== undefined) throw new PolicyEntryError(fault);
  }
  return fingerprints;
}

/** Returns the name for SNI (RFC 6066 section 3): without a dot at the end; never an address or a path. */
function serverNameFor(wanted: string, { host }: TlsHop, serverHost: string): string | undefined {
  const keywords: Readonly<Record<string, string>> = { hostname: serverHost, nexthop: host };
  const name = (keywords[wanted] ?? wanted).toLowerCase().replace(/\.$/, '');
  return isHostName(name) && !isAddress(name) ? name : undefined;
}

function isHostName(text: string): boolean {
  return /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/.test(text);
}
