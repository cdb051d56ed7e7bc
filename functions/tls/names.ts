/**
 * Whether a certificate is for the name that is wanted (Postfix tls_client.c:match_servername; RFC 6125 section 6.4).
 */

import ipaddr from 'ipaddr.js';
import type { CertificateFacts } from './certificate-facts.ts';
import { isAddress } from './policy-keys.ts';

/** What the keywords of rules stand for. */
export interface RuleContext {
  /** The name of the server that we are connected to, or its address. */
  readonly serverHost: string;
  /** The host of the destination; empty for a unix-domain socket. */
  readonly nextHop: string;
}

/**
 * The rules with what their keywords stand for: names, `.domain` for whatever is below it, and addresses, in lower case. A
 * keyword that stands for nothing is left out.
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
 * Whether a certificate is for one of the names.
 *
 * Names are compared with the dNSName entries, and with the common name only where there are none; addresses with the
 * iPAddress entries, which Postfix does not look at.
 */
export function matchesNames(certificate: CertificateFacts, wanted: readonly string[]): boolean {
  const names = namesOf(certificate);
  return wanted.some((name) =>
    isAddress(name)
      ? certificate.addresses.some((address) => isSameAddress(address, name))
      : names.some((presented) => matchesName(presented, name)),
  );
}

/** The names that a certificate counts for. */
export function namesOf({ names, commonName }: CertificateFacts): readonly string[] {
  return names.length > 0 || commonName === undefined ? names : [fold(commonName)];
}

/** @param presented what the certificate has: a name, or `*.` and a domain @param wanted a name, or `.` and a domain */
function matchesName(presented: string, wanted: string): boolean {
  if (wanted.startsWith('.')) return presented.endsWith(wanted) && presented.length > wanted.length;
  if (presented === wanted) return true;
  // A wildcard is a whole label, the first one, and stands for exactly one.
  const dot = wanted.indexOf('.');
  return dot > 0 && presented.startsWith('*.') && presented.slice(1) === wanted.slice(dot);
}

function isSameAddress(a: string, b: string): boolean {
  return ipaddr.isValid(a) && ipaddr.parse(a).toNormalizedString() === ipaddr.parse(b).toNormalizedString();
}

/** Names are compared in lower case, without a dot at the end. */
export function fold(name: string): string {
  return name.toLowerCase().replace(/(?<=.)\.$/, '');
}
