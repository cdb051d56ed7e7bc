/** Which destinations have metrics of their own. */

import { mostDestinations } from '../../functions/metrics/catalogue.ts';
import type { Parameters } from '../../functions/parameters/parameters.ts';
import { normaliseDestination, portsOf } from '../../functions/request/destination.ts';
import { parseTransportMap } from '../../functions/request/transport-map.ts';
import { checkNextHops, type Destinations } from './destinations.ts';
import { refuse } from './props-error.ts';
import { keepTokens, withoutTokens } from './tokens.ts';

/** Where a stack delivers to, `transportMap` with its last entry, and what of it is to be watched. */
export interface Watched extends Destinations {
  readonly transportMap: string;
  readonly watchedDestinations?: readonly string[] | undefined;
}

/**
 * The destinations that were named, or the first that the stack knows, as the queue writes them.
 *
 * @throws PropsError for too many, or one that cannot exist
 */
export function watchedDestinationsOf(watched: Watched, parameters: Parameters): readonly string[] {
  const { watchedDestinations: given } = watched;
  if (given === undefined) return knownDestinations(watched, parameters).slice(0, mostDestinations);
  const all = new Set(given.map((text) => named(text, parameters)));
  if (all.size <= mostDestinations) return [...all];
  throw refuse('watchedDestinations', `${all.size} destinations`, `a list of at most ${mostDestinations}`);
}

/** What is known only when deployed stays as it was written. */
function named(text: string, parameters: Parameters): string {
  if (text.trim() === '') throw refuse('watchedDestinations', text, 'a list of destinations, such as inet:host:24,');
  checkNextHops('watchedDestinations', text, parameters);
  const written = text.trim().replaceAll(/[\s,]+/g, ',');
  return withoutTokens(text) === text ? normaliseDestination(text, portsOf(parameters)) : written;
}

/** Every destination that map and list spell out. */
export function knownDestinations(watched: Watched, parameters: Parameters): readonly string[] {
  const { transport, transportMap, otherTransports = {}, allowedDestinations = [] } = watched;
  const source = { map: transportMap, allowed: allowedDestinations.join(' ') };
  const { texts, restore } = keepTokens(source);
  const options = { otherTransports: new Set(Object.keys(otherTransports)) };
  const map = parseTransportMap(texts['map'] ?? '', transport, portsOf(parameters), options);
  const allowed = (texts['allowed'] ?? '').split(' ').filter((word) => word !== '');
  const destinations = [...map.destinations, ...allowed.map((word) => normaliseDestination(word, portsOf(parameters)))];
  const all = destinations.map(restore).filter((destination) => isSpelledOut(destination, Object.values(source)));
  return [...new Set(all)];
}

/** A whole destination that is known only when deployed may have a port, or not: how the queue will write it is not known. */
function isSpelledOut(destination: string, texts: readonly string[]): boolean {
  if (withoutTokens(destination) === destination) return true;
  return texts.some((text) => text.includes(destination.replace(/^inet:/, '')));
}

/** Whether mail may go to more than one destination: to those that are spelled out, each recipient's own domain, or what an object says. */
export function hasSeveralDestinations(watched: Watched, parameters: Parameters): boolean {
  const toDomains = new RegExp(`\\s${watched.transport}:\\s*$`, 'm').test(watched.transportMap);
  return toDomains || watched.transportMapObject !== undefined || knownDestinations(watched, parameters).length > 1;
}
