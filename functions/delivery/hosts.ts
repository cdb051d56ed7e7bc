/**
 * From a destination to the servers to try, in order (smtp_connect.c, smtp_addr.c).
 */

import type { Deadline } from '../session/limit.ts';
import type { Lookup } from '../session/name-service.ts';
import type { Peer } from '../session/session.ts';
import type { Agent } from './agent.ts';
import { isLocalAddress, type NextHop } from './destination.ts';
import type { Trouble } from './trouble.ts';

/** The servers behind a next-hop, or why there are none. */
export type Hosts =
  | { readonly kind: 'found'; readonly peers: readonly Peer[] }
  | { readonly kind: 'trouble'; readonly trouble: Trouble };

/** Finds the servers behind a next-hop: at most lmtp_mx_address_limit, shuffled if lmtp_randomize_addresses says so. */
export async function findHosts(hop: NextHop, agent: Agent, deadline: Deadline): Promise<Hosts> {
  const { parameters } = agent;
  if (hop.kind === 'unix') {
    return { kind: 'found', peers: [{ host: parameters.myhostname, endpoint: { kind: 'unix', path: hop.path } }] };
  }
  const lookup = hop.isAddress ? foundAt(hop.host) : await lookUp(hop.host, agent, deadline);
  if (lookup === 'deadline') return { kind: 'trouble', trouble: deadlineTrouble(hop.host) };
  if (lookup.kind !== 'found') return { kind: 'trouble', trouble: lookupTrouble(hop.host, lookup, agent) };
  const allowed = parameters.allow_local_destinations
    ? lookup.addresses
    : lookup.addresses.filter((address) => !isLocalAddress(address));
  if (allowed.length === 0) return { kind: 'trouble', trouble: localTrouble(hop.host, lookup.addresses) };
  const ordered = parameters.lmtp_randomize_addresses ? shuffle(allowed, agent.random) : allowed;
  const limit = parameters.lmtp_mx_address_limit;
  const tried = limit === 0 ? ordered : ordered.slice(0, limit);
  const peers = tried.map((address): Peer => ({ host: hop.host, endpoint: { kind: 'inet', address, port: hop.port } }));
  return { kind: 'found', peers };
}

function foundAt(address: string): Lookup {
  return { kind: 'found', addresses: [address] };
}

/** What the name service says, if it says it while there is time: its own time-outs do not know ours. */
async function lookUp(host: string, { names }: Agent, deadline: Deadline): Promise<Lookup | 'deadline'> {
  const left = deadline.left();
  if (!Number.isFinite(left)) return await names.lookUp(host);
  const { promise, resolve } = Promise.withResolvers<'deadline'>();
  const timer = setTimeout(() => resolve('deadline'), Math.max(0, left));
  try {
    return await Promise.race([names.lookUp(host), promise]);
  } finally {
    clearTimeout(timer);
  }
}

function deadlineTrouble(host: string): Trouble {
  return { scope: 'self', status: '4.4.3', text: `looking up ${host} ran out of this invocation's time` };
}

const resolverWords = {
  unknown: 'Host not found',
  'no data': 'Host found but no data record of requested type',
  'try again': 'Host not found, try again',
} as const;

/**
 * A name that is not there is nearly always an outage or a typo of ours where the destination is configured: soft, unless
 * Postfix's verdict is wanted.
 */
function lookupTrouble(host: string, lookup: Exclude<Lookup, { kind: 'found' }>, { parameters }: Agent): Trouble {
  const words = `Name service error for name=${host} type=${lookup.type}: ${resolverWords[lookup.kind]}`;
  const text = `Host or domain name not found. ${words}`;
  if (lookup.kind === 'try again') return { scope: 'site', status: '4.4.3', text };
  return { scope: 'site', status: parameters.strict_postfix_verdicts ? '5.4.4' : '4.4.4', text };
}

function localTrouble(host: string, addresses: readonly string[]): Trouble {
  const text = `destination ${host} has only local addresses (${addresses.join(', ')}): allow_local_destinations=no`;
  return { scope: 'self', status: '4.3.5', text };
}

function shuffle<T>(items: readonly T[], random: () => number): readonly T[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const [a, b] = [shuffled[last], shuffled[other]];
    if (a === undefined || b === undefined) continue;
    shuffled[last] = b;
    shuffled[other] = a;
  }
  return shuffled;
}
