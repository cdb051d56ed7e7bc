/**
 * The first step: from the name of a next-hop to addresses, found as the delivery agent finds them.
 */

import type { Agent } from '../delivery/agent.ts';
import { findHosts } from '../delivery/hosts.ts';
import type { Trouble } from '../delivery/trouble.ts';
import type { NextHop } from '../request/destination.ts';
import type { Deadline } from '../session/limit.ts';
import type { Lookup, NameService, ServiceLookup } from '../session/name-service.ts';
import type { Peer } from '../session/session.ts';
import type { About, Finding, Place } from './advice.ts';
import { failed, ok, warning } from './found.ts';
import type { Found, StepNamed } from './report.ts';

/** The step, and the servers behind the name. A socket has no name. */
export interface NameFound {
  readonly step?: StepNamed<'name'>;
  readonly peers: readonly Peer[];
}

/** Finds every server behind a next-hop, in the order of the name service. */
export async function findName(hop: NextHop, agent: Agent, place: Place, deadline: Deadline): Promise<NameFound> {
  const notes: Note[] = [];
  // All of them, including those beyond a limit of the delivery agent.
  const parameters = { ...agent.parameters, lmtp_mx_address_limit: 0, lmtp_randomize_addresses: false };
  const hosts = await findHosts(hop, { ...agent, names: recording(agent.names, notes), parameters }, deadline);
  const peers = hosts.kind === 'found' ? hosts.peers : [];
  if (hop.kind === 'unix') return { peers };
  const about = { hop, place };
  const found =
    hosts.kind === 'found'
      ? foundOf(about, peers, notes)
      : failed(hosts.trouble, await findingOf(hosts.trouble, hop.host, notes, agent.names), {
          about,
          parameters: agent.parameters,
        });
  return { step: { step: 'name', ...found, addresses: [...new Set(notes.flatMap(addressesOf))] }, peers };
}

/** One look-up and its answer. */
type Note =
  | { readonly by: 'DNS' | 'system'; readonly name: string; readonly answer: Lookup }
  | { readonly by: 'SRV'; readonly name: string; readonly answer: ServiceLookup };

/** Returns the same name service, which adds each answer to the notes. */
function recording(names: NameService, notes: Note[]): NameService {
  const noted = <N extends Note>(note: N): N['answer'] => {
    notes.push(note);
    return note.answer;
  };
  return {
    lookUp: async (name, families) => noted({ by: 'DNS', name, answer: await names.lookUp(name, families) }),
    lookUpNative: async (name, families) =>
      noted({ by: 'system', name, answer: await names.lookUpNative(name, families) }),
    lookUpService: async (service, host) =>
      noted({ by: 'SRV', name: `_${service}._tcp.${host}`, answer: await names.lookUpService(service, host) }),
    canonicalName: (host) => names.canonicalName(host),
  };
}

function foundOf(about: About, peers: readonly Peer[], notes: readonly Note[]): Found {
  if (notes.length === 0) return ok('an IP address; no look-up is needed');
  const text = notes.map(noteWords).join('\n');
  const used = new Set(peers.flatMap(({ endpoint }) => (endpoint.kind === 'inet' ? [endpoint.address] : [])));
  const unused = notes.flatMap(addressesOf).filter((address) => !used.has(address));
  if (unused.length > 0) {
    return warning(`${text}\nleft out: ${[...new Set(unused)].join(', ')}`, 'local addresses', about);
  }
  // A name that DNS does not know may be found by the system.
  const found = new Set(notes.flatMap((note) => (addressesOf(note).length > 0 ? [note.name] : [])));
  const lost = notes.find(({ by, name }) => by !== 'SRV' && !found.has(name));
  return lost === undefined ? ok(text) : warning(text, noteFinding(lost), { ...about, host: lost.name });
}

function addressesOf({ answer }: Note): readonly string[] {
  return 'addresses' in answer ? answer.addresses : [];
}

const failureWords = {
  unknown: 'no such name',
  'no data': 'no address under this name',
  'try again': 'no answer for now',
} as const;

function noteWords({ by, name, answer }: Note): string {
  const asked = by === 'system' ? `${name} (from this system)` : name;
  if (answer.kind !== 'found') return `${asked}: ${failureWords[answer.kind]}`;
  const targets = 'targets' in answer ? answer.targets.map((target) => `${target.name}:${target.port}`) : [];
  return `${asked} → ${('addresses' in answer ? answer.addresses : targets).join(', ')}`;
}

async function findingOf(
  { status, scope }: Trouble,
  host: string,
  notes: readonly Note[],
  names: NameService,
): Promise<Finding> {
  if (status === '4.3.5') return 'local addresses';
  if (scope === 'self') return 'out of time';
  if (status === '5.1.0') return 'service not offered';
  const last = notes.at(-1);
  if (last === undefined) return 'no address family';
  const finding = noteFinding(last);
  if (finding !== 'name unknown' || notes.some(({ by }) => by === 'system')) return finding;
  const { kind } = await names.lookUpNative(host, ['ipv4', 'ipv6']);
  return kind === 'found' ? 'known to the system alone' : finding;
}

function noteFinding({ by, answer }: Note): Finding {
  if (answer.kind === 'try again') return 'name servers silent';
  if (by === 'SRV') return 'no service records';
  return answer.kind === 'unknown' ? 'name unknown' : 'no address';
}
