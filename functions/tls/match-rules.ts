/**
 * What a certificate is compared with: rules for names, or fingerprints.
 */

import { nameRule } from '../parameters/name-rule.ts';
import type { FingerprintDigest } from './fingerprint.ts';
import { fingerprintLength } from './fingerprint.ts';

/**
 * The rules of a list: `hostname`, `nexthop`, `dot-nexthop`, names, `.domain` and `[address]`, in lower case; between them
 * commas, colons or blanks.
 */
export function readNameRules(text: string): readonly string[] {
  return (text.toLowerCase().match(/\[[^\]]*\]|[^\s,:[\]]+/g) ?? []).map((rule) => rule.replace(/(?<=.)\.$/, ''));
}

/** Fingerprints of a list, in capitals; between them blanks, commas or `|`. */
export function readFingerprints(text: string): readonly string[] {
  return text
    .split(/[\s,|]+/)
    .filter((word) => word !== '')
    .map((word) => word.toUpperCase());
}

/** Why a text is no rule for names; `undefined` if it is one. */
export function faultOfNameRule(rule: string): string | undefined {
  if (new RegExp(`^${nameRule}$`).test(rule)) return undefined;
  return `"${rule}" is no name, .domain, [address] or keyword (hostname, nexthop, dot-nexthop)`;
}

/** Why a text is no fingerprint of that digest; `undefined` if it is one. */
export function faultOfFingerprint(fingerprint: string, digest: FingerprintDigest): string | undefined {
  const octets = fingerprintLength[digest];
  if (new RegExp(`^[0-9A-F]{2}(?::[0-9A-F]{2}){${octets - 1}}$`).test(fingerprint)) return undefined;
  return `"${fingerprint}" is no ${digest} fingerprint: ${octets} pairs of hexadecimal digits with colons between are wanted`;
}
