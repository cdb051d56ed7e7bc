/**
 * The rules for certificates: names, or fingerprints.
 */

import { nameRule } from '../parameters/name-rule.ts';
import { type FingerprintDigest, fingerprintLength } from './fingerprint.ts';

/**
 * Returns the rules of a list: `hostname`, `nexthop`, `dot-nexthop`, names, `.domain` and `[address]`, in lower case, separated by
 * commas, colons or blanks.
 */
export function readNameRules(text: string): readonly string[] {
  return (text.toLowerCase().match(/\[[^[\]]*\]|[^\s,:[\]]+|[[\]]/g) ?? []).map((rule) =>
    rule.replace(/(?<=.)\.$/, ''),
  );
}

/** Returns the fingerprints of a list, in capitals, separated by blanks, commas or `|`. */
export function readFingerprints(text: string): readonly string[] {
  return text
    .split(/[\s,|]+/)
    .filter((word) => word !== '')
    .map((word) => word.toUpperCase());
}

/** Returns the fault of a rule for names; `undefined` if it is valid. */
export function faultOfNameRule(rule: string): string | undefined {
  if (new RegExp(`^${nameRule}$`).test(rule)) return undefined;
  return `"${rule}" is not a name, .domain, [address] or keyword (hostname, nexthop, dot-nexthop)`;
}

/** Returns the fault of a fingerprint; `undefined` if it is valid for the digest. */
export function faultOfFingerprint(fingerprint: string, digest: FingerprintDigest): string | undefined {
  const octets = fingerprintLength[digest];
  if (new RegExp(`^[0-9A-F]{2}(?::[0-9A-F]{2}){${octets - 1}}$`).test(fingerprint)) return undefined;
  return `"${fingerprint}" is not a ${digest} fingerprint: write ${octets} pairs of hexadecimal digits, separated by colons`;
}
