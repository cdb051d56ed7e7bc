/**
 * The keys for lmtp_tls_policy_maps.
 */

import ipaddr from 'ipaddr.js';

/** The part of a next-hop that TLS needs (NextHop in request/destination.ts). */
export interface TlsHop {
  /** As written, without `inet:`, in lower case; of a unix-domain socket its path. */
  readonly name: string;
  /** Name or address without brackets and port; of a unix-domain socket empty, or its path. */
  readonly host: string;
}

/** Whether it is a unix-domain socket. */
export function isUnix({ name }: Pick<TlsHop, 'name'>): boolean {
  return name.startsWith('/');
}

/** Whether a host is an address, not a name. */
export function isAddress(host: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(host) || ipaddr.IPv6.isValid(host);
}

/**
 * Returns the keys in the order of the look-up: the next-hop as written, then with and without port and brackets, then the domains
 * above a name, each with a dot in front.
 *
 * Postfix looks up only the next-hop as written, and the domains above a bare name. The queue stores every destination with its port
 * and without brackets around names, so an entry must not depend on those.
 */
export function policyKeys(hop: TlsHop): readonly string[] {
  const { name, host } = hop;
  if (isUnix(hop)) return [name];
  // After a bracket, or after a name: an IPv6 address contains colons.
  const port = /(?:\]|^[^:]*):([^:]+)$/.exec(name)?.[1];
  const ports = port === undefined ? [] : [`[${host}]:${port}`, `${host}:${port}`];
  const labels = isAddress(host) ? [] : host.split('.');
  const parents = labels.slice(1).map((_, index) => `.${labels.slice(index + 1).join('.')}`);
  return [...new Set([name, ...ports, `[${host}]`, host, ...parents])];
}
