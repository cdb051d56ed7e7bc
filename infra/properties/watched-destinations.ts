/** The destinations with their own metrics. */

import { mostDestinations } from '../../functions/metrics/catalogue.ts';
import type { Parameters } from '../../functions/parameters/parameters.ts';
import { normaliseDestination, portsOf } from '../../functions/request/destination.ts';
import { parseTransportMap } from '../../functions/request/transport-map.ts';
import { checkNextHops, type Destinations } from './destinations.ts';
import { refuse } from './props-error.ts';
import { keepTokens, withoutTokens } from './tokens.ts';

/** The destinations of a stack, `transportMap` with its last entry, and those to watch. */
export interface Watched extends Destinations {
  readonly transportMap: string;
  readonly watchedDestinations?: readonly string[] | undefined;
}

/**
 * Returns the destinations in `watchedDestinations`, or else the first known ones, as the queue writes them.
 *
 * @throws PropsError if there are too many, or for an invalid one
 */
export function watchedDestinationsOf(watched: Watched, parameters: Parameters): readonly string[] {
  const { watchedDestinations: given } = watched;
  if (given === undefined) return knownDestinations(watched, parameters).slice(0, mostDestinations);
  const all = new Set(given.map((text) => named(text, parameters)));
  if (all.size <= mostDestinations) return [...all];
  throw refuse('watchedDestinations', `${all.size} destinations`, `a list of at most ${mostDestinations}`);
}

/** A destination as the queue writes it; one known only at deployment stays unchanged. */
function named(text: string, parameters: Parameters): string {
  if (text.trim() === '') throw refuse('watchedDestinations', text, 'a list of destinations, such as inet:host:24');
  checkNextHops('watchedDestinations', text, parameters);
  const written = text.trim().replaceAll(/[\s,]+/g, ',');
  return withoutTokens(text) === text ? normaliseDestination(text, portsOf(parameters)) : written;
}

/** Returns every destination that the map and the list name. */
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

/** Whether the queue's name of a destination is known. It is not if a token may contain the port. */
function isSpelledOut(destination: string, texts: readonly string[]): boolean {
  if (withoutTokens(destination) === destination) return true;
  return texts.some((text) => text.includes(destination.replace(/^inet:/, '')));
}

/** Returns whether mail may go to several destinations: named ones, recipients' domains, or those in a transport map object. */
export function hasSeveralDestinations(watched: Watched, parameters: Parameters): boolean {
  const toDomains = new RegExp(`\\s${watched.transport}:\\s*$`, 'm').test(watched.transportMap);
  return toDomains || watched.transportMapObject !== undefined || knownDestinations(watched, parameters).length > 1;
}
