/**
 * Matches the names of a certificate with rules (Postfix tls_client.c:match_servername; RFC 6125 section 6.4).
 */

import ipaddr from 'ipaddr.js';
import type { CertificateFacts } from './certificate-facts.ts';
import { isAddress } from './policy-keys.ts';

/** The values of the keywords in rules. */
export interface RuleContext {
  /** The name or address of the connected server. */
  readonly serverHost: string;
  /** The host of the destination; empty for a unix-domain socket. */
  readonly nextHop: string;
}

/**
 * Returns the rules with their keywords replaced: names, `.domain` for its subdomains, and addresses, in lower case. A keyword
 * without a value is left out.
 */
export function resolveRules(rules: readonly string[], { serverHost, nextHop }: RuleContext): readonly string[] {
  const wanted = rules.map((rule) => {
    switch (rule) {
      case 'hostname':
        return serverHost;
      case 'nexthop':
        return nextHop;
      case 'dot-nexthop':
        return nextHop === '' || isAddress(nextHop) ? '' : `.${nextHop}`;
      default:
        return rule.replace(/^\[(.*)\]$/, '$1');
    }
  });
  return [...new Set(wanted.map(fold).filter((name) => name !== '' && name !== '.'))];
}

/**
 * Whether a certificate has one of the names.
 *
 * Names are compared with the dNSName entries, and with the common name only if there are none. Addresses are compared with the
 * iPAddress entries, which Postfix ignores.
 */
export function matchesNames(certificate: CertificateFacts, wanted: readonly string[]): boolean {
  const names = namesOf(certificate);
  return wanted.some((name) =>
    isAddress(name)
      ? certificate.addresses.some((address) => isSameAddress(address, name))
      : names.some((presented) => matchesName(presented, name)),
  );
}

/** Returns the names of a certificate that count. */
export function namesOf({ names, commonName }: CertificateFacts): readonly string[] {
  return names.length > 0 || commonName === undefined ? names : [fold(commonName)];
}

/** @param presented a name of the certificate, or `*.` and a domain @param wanted a name, or `.` and a domain */
function matchesName(presented: string, wanted: string): boolean {
  if (wanted.startsWith('.')) return presented.endsWith(wanted) && presented.length > wanted.length;
  if (presented === wanted) return true;
  // A wildcard is the whole first label, and matches exactly one label.
  const dot = wanted.indexOf('.');
  return dot > 0 && presented.startsWith('*.') && presented.slice(1) === wanted.slice(dot);
}

function isSameAddress(a: string, b: string): boolean {
  return ipaddr.isValid(a) && ipaddr.parse(a).toNormalizedString() === ipaddr.parse(b).toNormalizedString();
}

/** Returns a name in lower case, without a dot at the end, for comparison. */
export function fold(name: string): string {
  return name.toLowerCase().replace(/(?<=.)\.$/, '');
}
