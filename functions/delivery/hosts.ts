/**
 * The servers to try for a destination, in order (smtp_connect.c, smtp_addr.c). There is never an MX look-up.
 */

import type { Parameters } from '../parameters/parameters.ts';
import { isLocalAddress, type NextHop } from '../request/destination.ts';
import { type Deadline, withLimit } from '../session/limit.ts';
import type { Family, Lookup, LookupFailure, ServiceTarget } from '../session/name-service.ts';
import type { Peer } from '../session/session.ts';
import { familyOf, orderAddresses } from './address-order.ts';
import type { Agent } from './agent.ts';
import { judgeOf } from './judge.ts';
import { orderTargets } from './service-order.ts';
import type { Trouble } from './trouble.ts';

/** The servers of a next-hop, or why there are none. */
export type Hosts =
  | { readonly kind: 'found'; readonly peers: readonly Peer[] }
  | { readonly kind: 'trouble'; readonly trouble: Trouble };

type InetHop = Extract<NextHop, { kind: 'inet' }>;

/** Finds the servers of a next-hop, in the order to try. */
export async function findHosts(hop: NextHop, agent: Agent, deadline: Deadline): Promise<Hosts> {
  const { parameters } = agent;
  if (hop.kind === 'unix') {
    return { kind: 'found', peers: [{ host: parameters.myhostname, endpoint: { kind: 'unix', path: hop.path } }] };
  }
  // The time-outs of the resolver ignore the deadline.
  const found = await withLimit(findInetHosts(hop, agent), { milliseconds: deadline.left(), isDeadline: true });
  return typeof found === 'string' ? troubled(deadlineTrouble(hop.host)) : found;
}

async function findInetHosts(hop: InetHop, agent: Agent): Promise<Hosts> {
  const { service } = hop;
  const { parameters } = agent;
  if (service === undefined || !parameters.use_srv_lookup.matches(service)) return await findAddresses(hop, agent);
  const lookup = await agent.names.lookUpService(service, hop.host);
  if (lookup.kind === 'found') return await findTargets(lookup.targets, hop, agent);
  const falls = lookup.kind === 'try again' ? parameters.ignore_srv_lookup_error : parameters.allow_srv_lookup_fallback;
  if (falls) return await findAddresses(hop, agent);
  return troubled(lookupTrouble(`_${service}._tcp.${hop.host}`, lookup, parameters));
}

/** Finds the hosts of SRV records; a target without addresses is skipped if there are others. */
async function findTargets(targets: readonly ServiceTarget[], hop: InetHop, agent: Agent): Promise<Hosts> {
  const peers: Peer[] = [];
  let trouble: Trouble | undefined;
  for (const { name, port } of orderTargets(targets, agent.random)) {
    if (name === '' || name === '.') {
      // RFC 2782: the domain does not offer the service.
      return troubled({ scope: 'site', status: '5.1.0', text: `service ${hop.service} is not offered at ${hop.host}` });
    }
    const hosts = await findAddresses({ ...hop, host: name, port, isAddress: false }, agent);
    if (hosts.kind === 'found') peers.push(...hosts.peers);
    else trouble = hosts.trouble;
  }
  return peers.length === 0 && trouble !== undefined ? troubled(trouble) : { kind: 'found', peers };
}

async function findAddresses({ host, isAddress, port }: InetHop, agent: Agent): Promise<Hosts> {
  const { parameters } = agent;
  const families = enabledFamilies(parameters);
  if (families.length === 0) return troubled(noProtocol);
  const lookup = isAddress ? literal(host, families) : await lookUp(host, families, agent);
  if (lookup.kind !== 'found') return troubled(lookupTrouble(host, lookup, parameters));
  const allowed = parameters.allow_local_destinations
    ? lookup.addresses
    : lookup.addresses.filter((address) => !isLocalAddress(address));
  if (allowed.length === 0) return troubled(localTrouble(host, lookup.addresses));
  const ordered = orderAddresses(allowed, {
    shuffle: parameters.lmtp_randomize_addresses,
    preference: parameters.lmtp_address_preference,
    limit: parameters.lmtp_mx_address_limit,
    balance: parameters.lmtp_balance_inet_protocols,
    random: agent.random,
  });
  const name = (await serverName(host, isAddress, agent)) ?? host;
  return {
    kind: 'found',
    peers: ordered.map((address): Peer => ({ host: name, endpoint: { kind: 'inet', address, port } })),
  };
}

/** Returns the target of a CNAME, if it replaces the name of the server (lmtp_cname_overrides_servername). */
async function serverName(host: string, isAddress: boolean, { names, parameters }: Agent): Promise<string | undefined> {
  return isAddress || !parameters.lmtp_cname_overrides_servername ? undefined : await names.canonicalName(host);
}

/** Looks up a host in DNS and through the system, in the order of lmtp_host_lookup; the first result wins. */
async function lookUp(host: string, families: readonly Family[], { names, parameters }: Agent): Promise<Lookup> {
  const level = parameters.lmtp_dns_support_level || (parameters.disable_dns_lookups ? 'disabled' : 'enabled');
  const ways = level === 'disabled' ? ['native'] : parameters.lmtp_host_lookup;
  let lookup: Lookup = { kind: 'unknown', type: 'A' };
  for (const way of ways) {
    lookup = way === 'native' ? await names.lookUpNative(host, families) : await names.lookUp(host, families);
    if (lookup.kind === 'found') return lookup;
  }
  return lookup;
}

function literal(address: string, families: readonly Family[]): Lookup {
  return families.includes(familyOf(address))
    ? { kind: 'found', addresses: [address] }
    : { kind: 'no data', type: familyOf(address) === 'ipv6' ? 'AAAA' : 'A' };
}

function enabledFamilies({ inet_protocols }: Parameters): readonly Family[] {
  if (inet_protocols.includes('all')) return ['ipv4', 'ipv6'];
  return (['ipv4', 'ipv6'] as const).filter((family) => inet_protocols.includes(family));
}

function troubled(trouble: Trouble): Hosts {
  return { kind: 'trouble', trouble };
}

const noProtocol: Trouble = { scope: 'site', status: '4.4.4', text: 'all network protocols are disabled' };

function deadlineTrouble(host: string): Trouble {
  const text = `looking up ${host} ran out of this invocation's time`;
  return { scope: 'self', status: '4.4.3', text, isOutOfTime: true };
}

const resolverWords: Readonly<Record<LookupFailure, string>> = {
  unknown: 'Host not found',
  'no data': 'Host found but no data record of requested type',
  'try again': 'Host not found, try again',
};

function lookupTrouble(
  name: string,
  { kind, type }: { readonly kind: LookupFailure; readonly type: string },
  parameters: Parameters,
): Trouble {
  const text = `Host or domain name not found. Name service error for name=${name} type=${type}: ${resolverWords[kind]}`;
  if (kind === 'try again') return { scope: 'site', status: '4.4.3', text };
  return { scope: 'site', status: judgeOf(parameters).unknownName, text };
}

function localTrouble(host: string, addresses: readonly string[]): Trouble {
  const text = `destination ${host} has only local addresses (${addresses.join(', ')}): allow_local_destinations=no`;
  return { scope: 'self', status: '4.3.5', text };
}
