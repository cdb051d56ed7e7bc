/**
 * The first step: from the name of a next-hop to addresses, as the delivery agent finds them.
 */

import type { Agent } from '../delivery/agent.ts';
import { findHosts } from '../delivery/hosts.ts';
import type { Trouble } from '../delivery/trouble.ts';
import type { NextHop } from '../request/destination.ts';
import type { Deadline } from '../session/limit.ts';
import type { NameService } from '../session/name-service.ts';
import type { Peer } from '../session/session.ts';
import type { About, Finding, Place } from './advice.ts';
import { failed, ok, warning } from './found.ts';
import { type NoteOfLookup, remembering } from './lookups.ts';
import type { Found, NameStep } from './report.ts';

/** Where a name led: the step to tell, and the servers behind it. A socket has no name. */
export interface NameFound {
  readonly step?: NameStep;
  readonly peers: readonly Peer[];
}

/** Finds every server behind a next-hop, in the order in which the name service has them. */
export async function findName(hop: NextHop, agent: Agent, place: Place, deadline: Deadline): Promise<NameFound> {
  const { names, notes } = remembering(agent.names);
  // All of them, also those that a delivery would leave for another time.
  const parameters = { ...agent.parameters, lmtp_mx_address_limit: 0, lmtp_randomize_addresses: false };
  const hosts = await findHosts(hop, { ...agent, names, parameters }, deadline);
  if (hop.kind === 'unix') return { peers: hosts.kind === 'found' ? hosts.peers : [] };
  const about = { hop, place };
  const addresses = [...new Set(notes.flatMap(addressesOf))];
  const found =
    hosts.kind === 'found'
      ? tellFound(about, hosts.peers, notes)
      : failed(hosts.trouble.text, await findingOf(hosts.trouble, hop.host, notes, agent.names), hosts.trouble, {
          about,
          parameters: agent.parameters,
        });
  return { step: { step: 'name', ...found, addresses }, peers: hosts.kind === 'found' ? hosts.peers : [] };
}

function tellFound(about: About, peers: readonly Peer[], notes: readonly NoteOfLookup[]): Found {
  if (notes.length === 0) return ok('an address: there is nothing to look up');
  const text = notes.map(noteWords).join('\n');
  const used = new Set(peers.flatMap(({ endpoint }) => (endpoint.kind === 'inet' ? [endpoint.address] : [])));
  const unused = notes.flatMap(addressesOf).filter((address) => !used.has(address));
  if (unused.length > 0) {
    return warning(`${text}\nleft out: ${[...new Set(unused)].join(', ')}`, 'local addresses', about);
  }
  const lost = notes.find(
    ({ by, name, answer }) => by !== 'SRV' && answer.kind !== 'found' && !isFoundLater(name, notes),
  );
  return lost === undefined ? ok(text) : warning(text, findingOfNote(lost), { ...about, host: lost.name });
}

/** The DNS did not know it, the system did. */
function isFoundLater(host: string, notes: readonly NoteOfLookup[]): boolean {
  return notes.some(({ by, name, answer }) => by !== 'SRV' && name === host && answer.kind === 'found');
}

function addressesOf({ by, answer }: NoteOfLookup): readonly string[] {
  return by !== 'SRV' && answer.kind === 'found' ? answer.addresses : [];
}

const failureWords = {
  unknown: 'no such name',
  'no data': 'no address under this name',
  'try again': 'no answer for now',
} as const;

function noteWords({ by, name, answer }: NoteOfLookup): string {
  const asked = by === 'system' ? `${name} (asked of the system)` : name;
  if (answer.kind !== 'found') return `${asked}: ${failureWords[answer.kind]}`;
  const led =
    'addresses' in answer ? answer.addresses : answer.targets.map((target) => `${target.name}:${target.port}`);
  return `${asked} → ${led.join(', ')}`;
}

async function findingOf(
  { status, scope }: Trouble,
  host: string,
  notes: readonly NoteOfLookup[],
  names: NameService,
): Promise<Finding> {
  if (status === '4.3.5') return 'local addresses';
  if (scope === 'self') return 'out of time';
  if (status === '5.1.0') return 'service not offered';
  const last = notes.at(-1);
  if (last === undefined) return 'no address family';
  const finding = findingOfNote(last);
  if (finding !== 'name unknown' || notes.some(({ by }) => by === 'system')) return finding;
  const { kind } = await names.lookUpNative(host, ['ipv4', 'ipv6']);
  return kind === 'found' ? 'known to the system alone' : finding;
}

function findingOfNote({ by, answer }: NoteOfLookup): Finding {
  switch (answer.kind) {
    case 'try again':
      return 'name servers silent';
    case 'unknown':
      return by === 'SRV' ? 'no service records' : 'name unknown';
    default:
      return by === 'SRV' ? 'no service records' : 'no address';
  }
}
