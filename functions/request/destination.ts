/**
 * Destinations, in Postfix's next-hop syntax (smtp_connect.c:smtp_parse_destination).
 *
 *   inet:host  inet:host:port  inet:[address]  inet:[address]:port  unix:/path  host:port  host
 *
 * `inet:` is the default and may be omitted. Several destinations, separated by commas or blanks, are tried in order;
 * `unix:` takes the rest of the text as its path. There is no MX look-up.
 */

import ipaddr from 'ipaddr.js';
import type { Parameters } from '../parameters/parameters.ts';

/** One next-hop of a destination. */
export type NextHop =
  | {
      readonly kind: 'inet';
      /** A name to look up, or an address. */
      readonly host: string;
      readonly isAddress: boolean;
      readonly port: number;
      /** The service, if it names the port; it may have SRV records (use_srv_lookup). */
      readonly service?: string;
      /** As written, without `inet:`, in lower case: the key for sessions and passwords. */
      readonly name: string;
    }
  | { readonly kind: 'unix'; readonly path: string; readonly name: string };

/** A destination that cannot be parsed, or is not allowed. */
export class DestinationError extends Error {
  override readonly name = 'DestinationError';
}

/** The default port, and the ports of service names. `lmtp` means lmtp_tcp_port, as in lmtp(8). */
export interface Ports {
  /** lmtp_tcp_port */
  readonly defaultPort: number;
  /** known_tcp_ports */
  readonly known: ReadonlyMap<string, number>;
}

/** Services with a well-known port (the default of known_tcp_ports). */
const wellKnown: ReadonlyMap<string, number> = new Map([
  ['smtp', 25],
  ['smtps', 465],
  ['submissions', 465],
  ['submission', 587],
]);

/** Returns the ports that the parameters set. */
export function portsOf(parameters: Pick<Parameters, 'lmtp_tcp_port' | 'known_tcp_ports'>): Ports {
  return { defaultPort: parameters.lmtp_tcp_port, known: parameters.known_tcp_ports };
}

function asPorts(ports: Ports | number): Ports {
  return typeof ports === 'number' ? { defaultPort: ports, known: wellKnown } : ports;
}

/**
 * Returns the next-hops of a destination.
 *
 * @param ports lmtp_tcp_port, alone or with the names of other ports
 * @throws DestinationError naming what is wrong and what is allowed
 */
export function parseDestination(text: string, ports: Ports | number): readonly [NextHop, ...NextHop[]] {
  const unix = /^\s*unix:(.*)$/s.exec(text);
  if (unix !== null) return [parseUnix(text, (unix[1] ?? '').trim())];
  const [first, ...rest] = text
    .split(/[\s,]+/)
    .filter((element) => element !== '')
    .map((element) => parseInet(element, asPorts(ports)));
  if (first === undefined) throw new DestinationError('the destination is empty; expected inet:host:port');
  return [first, ...rest];
}

/**
 * Returns the normal form of a destination: lower case, with `inet:` and the default port. The queue groups deliveries
 * by it.
 */
export function normaliseDestination(text: string, ports: Ports | number): string {
  return parseDestination(text, ports)
    .map((hop) => (hop.kind === 'unix' ? `unix:${hop.path}` : `inet:${bracketed(hop)}:${hop.service ?? hop.port}`))
    .join(',');
}

function bracketed({ host, isAddress }: Extract<NextHop, { kind: 'inet' }>): string {
  return isAddress ? `[${host}]` : host;
}

function parseUnix(text: string, path: string): NextHop {
  if (!path.startsWith('/')) throw new DestinationError(`"${text}": unix: needs an absolute path`);
  if (Buffer.byteLength(path) > 107) throw new DestinationError(`"${text}": the path is longer than a socket allows`);
  return { kind: 'unix', path, name: path };
}

function parseInet(element: string, ports: Ports): NextHop {
  const name = element.replace(/^inet:/i, '').toLowerCase();
  if (/^unix:/.test(name)) throw new DestinationError(`"${element}": unix: cannot be part of a list`);
  const match = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::([^:]*))?$/.exec(name);
  if (match === null) {
    throw new DestinationError(`"${element}": expected host, host:port, [address] or [address]:port`);
  }
  const host = (match[1] ?? match[2] ?? '').replace(/^ipv6:/, '');
  if (!isHost(host)) throw new DestinationError(`"${element}": "${host}" is neither a host name nor an address`);
  const port = match[3] === undefined ? ports.defaultPort : parsePort(element, match[3], ports);
  // A name in brackets has no SRV look-up.
  const isSymbolic = match[2] !== undefined && match[3] !== undefined && !/^\d+$/.test(match[3]);
  const service = isSymbolic && match[3] !== undefined ? { service: match[3] } : {};
  if (port === 25)
    throw new DestinationError(
      `"${element}": LMTP must not be used on port 25 (RFC 2033 section 5); name the port of the LMTP listener, usually 24`,
    );
  return { kind: 'inet', host, isAddress: isAddress(host), port, name, ...service };
}

function isAddress(host: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(host) || ipaddr.IPv6.isValid(host);
}

/** Whether an address is only for this machine or network segment: loopback, link-local, multicast. */
export function isLocalAddress(address: string): boolean {
  const range = ipaddr.process(address).range();
  return ['loopback', 'linkLocal', 'multicast', 'unspecified', 'broadcast'].includes(range);
}

function isHost(host: string): boolean {
  if (isAddress(host)) return true;
  // Digits and dots that are not an address are a typing error, not a name.
  if (/^[\d.]+$/.test(host)) return false;
  return host.length <= 253 && /^(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?$/.test(host);
}

function parsePort(element: string, text: string, { defaultPort, known }: Ports): number {
  if (text === 'lmtp') return defaultPort;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : (known.get(text) ?? 0);
  if (port < 1 || port > 65_535) {
    throw new DestinationError(`"${element}": "${text}" is not a port: 1 to 65535, or lmtp, is allowed`);
  }
  return port;
}
