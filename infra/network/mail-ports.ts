/** Which servers a stack delivers to, as far as a security group wants to know: ports, and addresses where they are written out. */

import type { Parameters } from '../../functions/parameters/parameters.ts';
import { type NextHop, parseDestination, portsOf } from '../../functions/request/destination.ts';
import { parseTransportMap } from '../../functions/request/transport-map.ts';
import type { Destinations } from '../properties/destinations.ts';
import { withoutTokens } from '../properties/tokens.ts';

/** Where mail is let out to. */
export interface MailTarget {
  /** A single address; any if absent. */
  readonly address?: string;
  readonly port: number;
}

/** Where a stack delivers to; its transport map has been checked and ends with `destination`. */
export type Delivering = Destinations & { readonly transportMap: string };

/**
 * The servers that mail can go to.
 *
 * @returns undefined where their ports are known only when the stack runs
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
  // `lmtp:` with nothing behind it is the recipient's domain.
  const toDomains = new RegExp(`\\s${transport}:\\s*$`, 'm').test(transportMap) ? [{ port: ports.defaultPort }] : [];
  return unique([...hops.flatMap(targetOf), ...toDomains]);
}

/** What is known only when deployed, with no port behind it: it may hold one, or not. */
const endsWithToken = /[:,]\$\{Token\[[^\]]*\]\}(?=[\s,]|$)/m;

/** The port is in an SRV record. */
function isLookedUp(hop: NextHop, parameters: Parameters): boolean {
  return hop.kind === 'inet' && hop.service !== undefined && parameters.use_srv_lookup.matches(hop.service);
}

function targetOf(hop: NextHop): MailTarget[] {
  if (hop.kind === 'unix') return [];
  return [hop.isAddress ? { address: hop.host, port: hop.port } : { port: hop.port }];
}

/** Each once; and no single address where its port is let out to everywhere. */
function unique(targets: readonly MailTarget[]): readonly MailTarget[] {
  const everywhere = new Set(targets.flatMap(({ address, port }) => (address === undefined ? [port] : [])));
  const single = targets.filter(({ address, port }) => address !== undefined && !everywhere.has(port));
  const byText = new Map(single.map((target) => [`${target.address} ${target.port}`, target]));
  return [...[...everywhere].map((port) => ({ port })), ...byText.values()];
}
