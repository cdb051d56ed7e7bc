/**
 * What lmtp_tls_policy_maps is asked for.
 */

import ipaddr from 'ipaddr.js';

/** A destination, so far as TLS has to know it: request/destination.ts has it as NextHop. */
export interface TlsHop {
  /** As written, without `inet:`, in lower case; of a unix-domain socket its path. */
  readonly name: string;
  /** Name or address without brackets and port; of a unix-domain socket nothing, or its path. */
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
 * The keys, in the order in which they are asked for: the next-hop as it is written, then with and without port and
 * brackets, then the domains above a name, each with a dot in front.
 *
 * Postfix asks for the next-hop as written alone, and for the domains above one that is a bare name. The queue keeps every
 * destination with its port and no name in brackets, so what is written in a map must not hang on those.
 */
export function policyKeys(hop: TlsHop): readonly string[] {
  const { name, host } = hop;
  if (isUnix(hop)) return [name];
  // Behind a bracket, or behind a name: an address of IPv6 has colons of its own.
  const port = /(?:\]|^[^:]*):([^:]+)$/.exec(name)?.[1];
  const ports = port === undefined ? [] : [`[${host}]:${port}`, `${host}:${port}`];
  const labels = isAddress(host) ? [] : host.split('.');
  const parents = labels.slice(1).map((_, index) => `.${labels.slice(index + 1).join('.')}`);
  return [...new Set([name, ...ports, `[${host}]`, host, ...parents])];
}
