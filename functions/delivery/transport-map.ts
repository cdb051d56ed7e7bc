/**
 * The transport map: which destination a recipient's mail goes to (Postfix transport(5), and its order of look-ups).
 *
 *     carol@example.com   lmtp:inet:special.internal:24
 *     example.com         lmtp:inet:dovecot.internal:24
 *     .example.com        lmtp:inet:dovecot.internal:24
 *     *                   lmtp:inet:catchall.internal
 */

import { logicalLines } from '../maps/logical-lines.ts';
import { splitAddress } from '../smtp/path.ts';
import { DestinationError, normaliseDestination, type Ports, parseDestination } from './destination.ts';

/** A line of the map cannot be used. The message names it. */
export class TransportMapError extends Error {
  override readonly name = 'TransportMapError';
}

/** A map that was read. */
export interface TransportMap {
  /** The destination for an address, as the map writes it; `undefined` where no entry matches. */
  find(address: string): string | undefined;
  /** Every destination of the map, normalised. */
  readonly destinations: ReadonlySet<string>;
}

/**
 * Reads a map.
 *
 * @param transport   the service name that right-hand sides must have, `lmtp` as a rule
 * @param defaultPort lmtp_tcp_port
 * @throws TransportMapError naming the line and what is wrong
 */
export function parseTransportMap(text: string, transport: string, defaultPort: Ports | number): TransportMap {
  const entries = new Map<string, string>();
  for (const { text: written } of logicalLines(text)) {
    const line = written.replaceAll(/\s+/g, ' ');
    const match = /^(\S+)\s+(\S.*)$/.exec(line);
    if (match === null) throw new TransportMapError(`"${line}": a pattern, blanks and a destination are wanted`);
    const [, pattern = '', result = ''] = match;
    entries.set(pattern.toLowerCase(), parseResult(line, result.trim(), transport, defaultPort));
  }
  const destinations = new Set([...entries.values()].map((entry) => normaliseDestination(entry, defaultPort)));
  return {
    destinations,
    find: (address) =>
      keys(address)
        .map((key) => entries.get(key))
        .find((entry) => entry !== undefined),
  };
}

/** What is looked up for an address, in order: itself, its domain, each parent with a dot in front, `*`. */
function keys(address: string): readonly string[] {
  const folded = address.toLowerCase();
  const { domain } = splitAddress(folded);
  const labels = domain.split('.');
  const parents = labels.slice(1).map((_, index) => `.${labels.slice(index + 1).join('.')}`);
  return [folded, ...(domain === '' ? [] : [domain, ...parents]), '*'];
}

function parseResult(line: string, result: string, transport: string, defaultPort: Ports | number): string {
  const colon = result.indexOf(':');
  const service = result.slice(0, colon);
  if (colon < 0 || service !== transport) {
    throw new TransportMapError(`"${line}": the destination must begin with ${transport}:`);
  }
  const nextHop = result.slice(colon + 1);
  try {
    parseDestination(nextHop, defaultPort);
  } catch (cause) {
    if (cause instanceof DestinationError) throw new TransportMapError(`"${line}": ${cause.message}`, { cause });
    throw cause;
  }
  return nextHop;
}
