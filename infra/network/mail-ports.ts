/** The mail servers of a stack as a security group needs them: ports, and IP addresses if the destinations contain them. */

import type { Parameters } from '../../functions/parameters/parameters.ts';
import { type NextHop, parseDestination, portsOf } from '../../functions/request/destination.ts';
import { parseTransportMap } from '../../functions/request/transport-map.ts';
import type { Destinations } from '../properties/destinations.ts';
import { withoutTokens } from '../properties/tokens.ts';

/** A target that an egress rule allows. */
export interface MailTarget {
  /** An IP address; absent: any. */
  readonly address?: string;
  readonly port: number;
}

/** The destinations of a stack; its transport map is checked and ends with `destination`. */
export type Delivering = Destinations & { readonly transportMap: string };

/**
 * Returns the servers that mail can go to; undefined if their ports are known only at run time.
 */
export function mailTargets(delivering: Delivering, parameters: Parameters): readonly MailTarget[] | undefined {
  const { transport, transportMap, transportMapObject, otherTransports = {}, allowedDestinations = [] } = delivering;
  const written = [...allowedDestinations, ...parameters.lmtp_fallback_relay].filter((text) => text !== '');
  if (transportMapObject !== undefined || endsWithToken.test([transportMap, ...written].join('\n:'))) return undefined;
  const ports = portsOf(parameters);
  const options = { otherTransports: new Set(Object.keys(otherTransports)) };
  const { destinations } = parseTransportMap(withoutTokens(transportMap), transport, ports, options);
  const hops = [...destinations, ...written.map(withoutTokens)].flatMap((text) => parseDestination(text, ports));
  if (hops.some((hop) => isLookedUp(hop, parameters))) return undefined;
  // `lmtp:` without a next-hop is the recipient's domain.
  const toDomains = new RegExp(`\\s${transport}:\\s*$`, 'm').test(transportMap) ? [{ port: ports.defaultPort }] : [];
  return unique([...hops.flatMap(targetOf), ...toDomains]);
}

/** A token that is not followed by a port: it may contain one. */
const endsWithToken = /[:,]\$\{Token\[[^[\]]*\]\}(?=[\s,]|$)/m;

/** Whether the port comes from an SRV record. */
function isLookedUp(hop: NextHop, parameters: Parameters): boolean {
  return hop.kind === 'inet' && hop.service !== undefined && parameters.use_srv_lookup.matches(hop.service);
}

function targetOf(hop: NextHop): MailTarget[] {
  if (hop.kind === 'unix') return [];
  return [hop.isAddress ? { address: hop.host, port: hop.port } : { port: hop.port }];
}

/** Each target once, without addresses whose port is open to all addresses. */
function unique(targets: readonly MailTarget[]): readonly MailTarget[] {
  const everywhere = new Set(targets.flatMap(({ address, port }) => (address === undefined ? [port] : [])));
  const single = targets.filter(({ address, port }) => address !== undefined && !everywhere.has(port));
  const byText = new Map(single.map((target) => [`${target.address} ${target.port}`, target]));
  return [...[...everywhere].map((port) => ({ port })), ...byText.values()];
}
