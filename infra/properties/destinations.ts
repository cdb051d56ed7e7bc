/**
 * Where a stack delivers to: `destination` and `transportMap` as the one text that its functions read, and the checks that
 * can be made before anything is deployed.
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
 * The transport map of a stack, in Postfix transport(5) syntax: that of the properties without its comments, and a last
 * entry `*` for the destination of all other mail.
 *
 * @throws PropsError when nothing could be delivered, two destinations claim the same mail, or one cannot exist
 */
export function transportMapOf(destinations: Destinations, parameters: Parameters): string {
  const { transport, destination, transportMap = '', transportMapObject, allowedDestinations = [] } = destinations;
  const entries = transportMap.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  const isNowhere = entries.length === 0 && transportMapObject === undefined && allowedDestinations.length === 0;
  if (!destination && isNowhere) {
    throw new PropsError('destination: none is given, nor a transportMap: one of them is wanted, such as inet:host:24');
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
  // Only the entry * is looked up for every address, the empty one included.
  if (map.find('') !== undefined) {
    throw refuse('destination', destination, 'nothing (the transportMap has an entry * already)');
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
 * Whether mail can be sent there from a function.
 *
 * @param name the property that names it
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
      `an address that a Lambda function can reach (${hop.host} is one of its own machine or link)`,
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

const noSocket = `a Lambda function runs on a machine of its own, where the mail store has no socket.
Let the mail store listen on a TCP port that the function can reach, and give inet:host:port instead.

Dovecot, conf.d/10-master.conf:

    service lmtp {
      inet_listener lmtp {
        port = 24
      }
    }

Cyrus, cyrus.conf, section SERVICES (over TCP lmtpd wants AUTH; with -a it takes mail from whoever reaches the port):

    lmtp  cmd="lmtpd" listen="24" prefork=0
`;
