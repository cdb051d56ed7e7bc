/** What the transports of one stack need from each other, so that the transport maps alone hand mail from one to another. */

import type { Parameters } from '../../functions/parameters/parameters.ts';
import { DestinationError, normaliseDestination, portsOf } from '../../functions/request/destination.ts';
import { parseTransportMap, TransportMapError } from '../../functions/request/transport-map.ts';
import { checkParameters } from '../properties/parameter-environment.ts';
import { PropsError, refuse } from '../properties/props-error.ts';
import type { ContextSettings } from './context.ts';
import type { Transports } from './transports.ts';

/** Returns the name of a transport. */
export function nameOf({ transport = 'lmtp' }: ContextSettings): string {
  return transport;
}

/** Returns the names of all buckets that may contain mail of any transport, except a new one. */
export function bucketsOfNeighbours(all: Transports): readonly string[] {
  const names = all.flatMap(({ messageBucket, allowedBuckets }) => [
    ...allowedBuckets,
    ...[messageBucket ?? []].flat(),
  ]);
  return [...new Set(names)];
}

/**
 * Returns the destinations that a transport must allow beside its own: the next-hops that other transports' maps hand to it.
 *
 * @throws PropsError for a next-hop that cannot be allowed
 */
export function handedDestinations(to: ContextSettings, all: Transports): readonly string[] {
  if (all.length === 1) return [];
  const parameters = checkParameters(to.parameters);
  const names = all.map(nameOf);
  const own = new Set([...ownDestination(to, parameters), ...destinationsFor(to, to, names, parameters)]);
  const handed = all.flatMap((from) => (from === to ? [] : destinationsFor(to, from, names, parameters)));
  const fresh = [...new Set(handed)].filter((destination) => !own.has(destination));
  const several = fresh.find((destination) => destination.includes(','));
  if (several === undefined) return fresh;
  const wanted = `${nameOf(to)}: alone (and these servers as the destination of ${nameOf(to)})`;
  throw refuse('transportMap', `${nameOf(to)}:${several}`, wanted);
}

/** The transport's own destination; a fault in it is reported where it is used. */
function ownDestination({ destination }: ContextSettings, parameters: Parameters): readonly string[] {
  try {
    return destination === undefined ? [] : [normaliseDestination(destination, portsOf(parameters))];
  } catch (error) {
    if (error instanceof DestinationError) return [];
    throw error;
  }
}

/** The normalised next-hops that the map of one transport gives to another. */
function destinationsFor(
  to: ContextSettings,
  { transportMap = '', otherTransports }: ContextSettings,
  names: readonly string[],
  parameters: Parameters,
): readonly string[] {
  try {
    const options = { otherTransports: new Set([...names, ...Object.keys(otherTransports)]) };
    return [...parseTransportMap(transportMap, nameOf(to), portsOf(parameters), options).destinations];
  } catch (error) {
    if (!(error instanceof TransportMapError)) throw error;
    throw new PropsError(`transportMap: ${error.message}`, { cause: error });
  }
}
