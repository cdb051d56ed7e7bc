/**
 * Where a stack delivers to: `destination` and `transportMap` as the one text that its functions read, and the checks that
 * can be made before anything is deployed.
 */
import { DestinationError, isLocalAddress, type NextHop, parseDestination } from '../functions/delivery/destination.ts';
import type { Parameters } from '../functions/parameters.ts';
import { PropsError, refuse } from './props-error.ts';
import { withoutTokens } from './tokens.ts';

export interface Destinations {
  readonly destination?: string | undefined;
  readonly transportMap?: string | undefined;
  readonly allowedDestinations?: readonly string[] | undefined;
}

/**
 * The transport map of a stack, in Postfix transport(5) syntax: that of the properties, and a last entry `*` for the
 * destination of all other mail.
 *
 * @throws PropsError when nothing could be delivered, two destinations claim the same mail, or one cannot exist
 */
export function transportMapOf(destinations: Destinations, parameters: Parameters): string {
  const { destination, transportMap, allowedDestinations = [] } = destinations;
  if (!destination && !transportMap && allowedDestinations.length === 0) {
    throw new PropsError('destination: none is given, nor a transportMap: one of them is wanted, such as inet:host:24');
  }
  const entries = entriesOf(transportMap ?? '');
  if (destination && entries.some(([pattern]) => pattern === '*')) {
    throw refuse('destination', destination, 'nothing (the transportMap has an entry * already)');
  }
  for (const allowed of allowedDestinations) {
    if (/[\s,]/.test(allowed)) throw refuse('allowedDestinations', allowed, 'a list of single destinations');
    checkNextHops('allowedDestinations', allowed, parameters);
  }
  if (destination) checkNextHops('destination', destination, parameters);
  for (const [, nextHops] of entries) checkNextHops('transportMap', nextHops, parameters);
  const all = destination ? [...entries, ['*', destination] as const] : entries;
  return all.map(([pattern, nextHops]) => `${pattern} lmtp:${nextHops}`).join('\n');
}

/** The entries of a transport map, pattern and next-hop; comments and empty lines left out. */
function entriesOf(map: string): (readonly [pattern: string, nextHops: string])[] {
  const lines = map.split('\n').map((line) => line.trimEnd());
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, pattern, nextHops] = /^(\S+)\s+lmtp:(.+)$/.exec(line) ?? [];
      if (pattern !== undefined && nextHops !== undefined) return [pattern, nextHops];
      throw refuse('transportMap', line, 'a recipient pattern, blanks, lmtp: and a next-hop');
    });
}

function checkNextHops(name: string, text: string, parameters: Parameters): void {
  if (/^\s*unix:/.test(text)) throw new PropsError(`${name}: ${text.trim()} is not allowed: ${noSocket}`);
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
    return parseDestination(withoutTokens(text), parameters.lmtp_tcp_port);
  } catch (error) {
    if (error instanceof DestinationError) throw new PropsError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
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
