/**
 * The destinations of a stack: `destination` and `transportMap` as one transport map, and the checks that are possible before the
 * deployment.
 */

import type { Parameters } from '../../functions/parameters/parameters.ts';
import {
  DestinationError,
  isLocalAddress,
  type NextHop,
  parseDestination,
  portsOf,
} from '../../functions/request/destination.ts';
import { parseTransportMap, type TransportMap, TransportMapError } from '../../functions/request/transport-map.ts';
import { PropsError, refuse } from './props-error.ts';
import { withoutTokens } from './tokens.ts';

export interface Destinations {
  readonly transport: string;
  readonly destination?: string | undefined;
  readonly transportMap?: string | undefined;
  readonly transportMapObject?: object | undefined;
  readonly otherTransports?: Readonly<Record<string, unknown>> | undefined;
  readonly allowedDestinations?: readonly string[] | undefined;
}

/**
 * Returns the transport map of a stack in Postfix transport(5) syntax: that of the properties without comments, and a last entry
 * `*` for the destination of all other mail.
 *
 * @throws PropsError if there is no destination, two destinations for the same mail, or an invalid one
 */
export function transportMapOf(destinations: Destinations, parameters: Parameters): string {
  const { transport, destination, transportMap = '', transportMapObject, allowedDestinations = [] } = destinations;
  const entries = transportMap.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  const isNowhere = entries.length === 0 && transportMapObject === undefined && allowedDestinations.length === 0;
  if (!destination && isNowhere) {
    throw new PropsError(
      'destination: neither destination nor transportMap is set: set one of them, such as destination inet:lmtp.example.com:24 ' +
        '(in a clone: npx cdk deploy -c destination=inet:lmtp.example.com:24)',
    );
  }
  for (const allowed of allowedDestinations) {
    if (allowed === '' || /[\s,]/.test(allowed))
      throw refuse('allowedDestinations', allowed, 'a list of single destinations');
    checkNextHops('allowedDestinations', allowed, parameters);
  }
  const others = new Set(Object.keys(destinations.otherTransports ?? {}));
  const map = checkMap(entries.join('\n'), { transport, others }, parameters);
  if (!destination) return entries.join('\n');
  checkNextHops('destination', destination, parameters);
  // Only the entry * matches every address, even the empty one.
  if (map.find('') !== undefined) {
    throw refuse('destination', destination, 'no destination (the transportMap has an entry * already)');
  }
  return [...entries, `* ${transport}:${destination}`].join('\n');
}

function checkMap(
  text: string,
  { transport, others }: { readonly transport: string; readonly others: ReadonlySet<string> },
  parameters: Parameters,
): TransportMap {
  const [, unix] = /:(unix:\S*)/.exec(text) ?? [];
  if (unix !== undefined) throw socketRefused('transportMap', unix);
  try {
    const map = parseTransportMap(withoutTokens(text), transport, portsOf(parameters), { otherTransports: others });
    for (const destination of map.destinations) checkNextHops('transportMap', destination, parameters);
    return map;
  } catch (error) {
    if (error instanceof TransportMapError) throw new PropsError(`transportMap: ${error.message}`, { cause: error });
    throw error;
  }
}

/**
 * Checks that a function can deliver to a destination.
 *
 * @param name the property with the destination
 * @throws PropsError
 */
export function checkNextHops(name: string, text: string, parameters: Parameters): void {
  if (/^\s*unix:/.test(text)) throw socketRefused(name, text.trim());
  for (const hop of parse(name, text, parameters)) {
    if (hop.kind === 'unix' || !hop.isAddress || !isLocalAddress(hop.host)) continue;
    if (parameters.allow_local_destinations) continue;
    throw refuse(
      name,
      text,
      `an address that a Lambda function can reach (${hop.host} is a loopback or link-local address)`,
    );
  }
}

function parse(name: string, text: string, parameters: Parameters): readonly NextHop[] {
  try {
    return parseDestination(withoutTokens(text), portsOf(parameters));
  } catch (error) {
    if (error instanceof DestinationError) throw new PropsError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

function socketRefused(name: string, value: string): PropsError {
  return new PropsError(`${name}: ${value} is not allowed: ${noSocket}`);
}

const noSocket = `a Lambda function does not run on the machine of the mail store, so it cannot use a UNIX socket.
Let the mail store listen on a TCP port that the function can reach, and use inet:host:port instead.

Dovecot, conf.d/10-master.conf:

    service lmtp {
      inet_listener lmtp {
        port = 24
      }
    }

Cyrus, cyrus.conf, section SERVICES (over TCP lmtpd requires AUTH; with -a it accepts mail from every client that reaches the port):

    lmtp  cmd="lmtpd" listen="24" prefork=0
`;
