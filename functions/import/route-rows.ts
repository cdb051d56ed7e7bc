/**
 * The rows of the settings that decide about routes.
 */

import type { Composed, Keyed } from './compose.ts';
import type { DomainList } from './domain-list.ts';
import type { Setting } from './main-cf.ts';
import type { Row } from './report.ts';
import type { Routing } from './routing.ts';

/** Settings that name a transport, and a next-hop. */
const transportSettings: ReadonlySet<string> = new Set([
  'local_transport',
  'virtual_transport',
  'relay_transport',
  'default_transport',
  'mailbox_transport',
  'fallback_transport',
]);

/** Settings that list domains. */
const domainSettings: ReadonlySet<string> = new Set([
  'mydestination',
  'virtual_mailbox_domains',
  'virtual_alias_domains',
  'relay_domains',
]);

/** What rows are made from. */
export interface Routes {
  readonly routing: Routing;
  readonly composed: Composed;
}

const toMap = 'transportMap';

/** Returns the row of a setting that decides about routes; `undefined` for any other. */
export function routeRow(setting: Setting, where: string, routes: Routes): Row | undefined {
  const { name, value } = setting;
  const base = { name, value, where };
  if (name === 'transport_maps') return { ...base, ...mapRow(routes) };
  if (name === 'relayhost') return { ...base, ...relayhostRow(routes) };
  if (transportSettings.has(name)) return { ...base, ...transportRow(name, value, routes) };
  return domainSettings.has(name) ? { ...base, ...domainRow(name, routes) } : undefined;
}

type Facts = Omit<Row, 'name' | 'value' | 'where'>;

const stays: Facts = {
  class: 'none',
  why: 'It sends mail by something else than LMTP, and that mail stays with Postfix.',
};

function mapRow({ routing, composed }: Routes): Facts {
  const { transportTables: tables } = routing;
  const lines = composed.transports[0]?.map.length ?? 0;
  if (tables.length === 0) return { class: 'none', why: 'It names no table.' };
  const opaque = tables.filter((table) => table.kind === 'opaque');
  if (opaque.length > 0) {
    return {
      class: 'refused',
      why: opaque.map((table) => `${table.specification}: ${table.why}.`).join(' '),
      todo: 'Write its entries into transportMap, or have a job write them to S3 and set transportMapObject.',
    };
  }
  if (tables.some((table) => table.kind === 'patterns')) {
    return {
      class: 'refused',
      why: 'A transport map has no patterns here. The domains of main.cf got the results that the patterns have for them.',
      todo: 'Write other domains and addresses that the patterns match into transportMap, one line each.',
    };
  }
  const usable = composed.keyed.some(({ outcome }) => outcome.kind === 'lmtp' && outcome.by === 'transport_maps');
  if (!usable) return { ...stays, why: 'None of its entries is LMTP that a function can reach.' };
  return { class: 'renamed', here: toMap, why: `${counted(lines, 'line')}, with those of the classes of domains.` };
}

function relayhostRow({ routing, composed }: Routes): Facts {
  const value = routing.setting('relayhost');
  if (value === '') return { class: 'none', why: 'It is empty.' };
  const star = composed.keyed.find(({ key }) => key === '*')?.outcome;
  const isUsed = star?.kind === 'lmtp' && star.by === 'default_transport';
  return isUsed ? { class: 'renamed', here: 'destination' } : stays;
}

function transportRow(name: string, value: string, { composed, routing }: Routes): Facts {
  const own = composed.keyed.filter(({ outcome }) => byOf(outcome) === name);
  if (own.some(({ outcome }) => outcome.kind === 'unusable')) return unusableFacts(own);
  if (own.some(({ outcome }) => outcome.kind === 'lmtp')) {
    const isForAll = own.some(({ key, outcome }) => key === '*' && outcome.kind === 'lmtp');
    const hasKeys = own.some(({ key, outcome }) => key !== '*' && outcome.kind === 'lmtp');
    const here = [...(isForAll ? ['destination'] : []), ...(hasKeys ? [toMap] : [])].join(', ');
    return { class: 'renamed', here, ...localNote(name) };
  }
  if (own.some(({ outcome }) => outcome.kind === 'ending')) return { class: 'renamed', here: toMap };
  const isLmtp = routing.programOf(/^[^:]*/.exec(routing.setting(name))?.[0] ?? '') === 'lmtp';
  if (isLmtp) return { class: 'none', why: 'No domain of this configuration is sent there.' };
  return value === '' ? { class: 'none', why: 'It is empty.' } : stays;
}

/** local(8) looks at aliases first, and fallback_transport has only users that the system does not know. */
function localNote(name: string): Pick<Row, 'why'> {
  if (name === 'mailbox_transport') return { why: 'aliases(5) and .forward files of local(8) are not looked at.' };
  if (name !== 'fallback_transport') return {};
  return {
    why: 'All users are sent there, also those with an account of the system. aliases(5) and .forward are not looked at.',
  };
}

/** Returns what to do about LMTP servers that a function cannot reach. */
function unusableFacts(own: readonly Keyed[]): Facts {
  const unusable = own.flatMap(({ outcome }) => (outcome.kind === 'unusable' ? [outcome] : []));
  const reasons = [...new Set(unusable.map(({ why }) => why))].join('; ');
  const hops = [...new Set(unusable.map(({ route }) => route.nextHop))];
  return { class: 'refused', why: `${reasons}.`, todo: replaceTodo(hops) };
}

/** Returns how to replace next-hops. */
export function replaceTodo(nextHops: readonly string[]): string {
  const options = nextHops.map((hop) => `--replace '${hop}=inet:HOST:24'`).join(' ');
  const isSocket = nextHops.some((hop) => hop.startsWith('unix:'));
  const how = isSocket
    ? ' (Dovecot: service lmtp { inet_listener lmtp { port = 24 } }; Cyrus: lmtp cmd="lmtpd" listen="24" in cyrus.conf)'
    : '';
  return `Let the server listen on a TCP port that functions reach${how}, and import again with ${options}`;
}

/** The LMTP servers of transport_maps that a function cannot reach: one row for each next-hop. */
export function unusableEntries({ keyed }: Composed, where: string): readonly Row[] {
  const own = keyed.filter(({ outcome }) => outcome.kind === 'unusable' && outcome.route.by === 'transport_maps');
  const groups = Map.groupBy(own, ({ outcome }) => (outcome.kind === 'unusable' ? outcome.route.nextHop : ''));
  return [...groups].map(([nextHop, some]) => {
    const keys = some.map(({ key }) => key);
    const more = keys.length > 3 ? ` and ${keys.length - 3} more` : '';
    return {
      name: 'transport_maps',
      value: `${keys.slice(0, 3).join(', ')}${more}: ${nextHop}`,
      where,
      ...unusableFacts(some),
    };
  });
}

function domainRow(name: string, { routing, composed }: Routes): Facts {
  if (name === 'virtual_alias_domains') {
    return { class: 'none', why: 'A producer expands aliases, and submits the final recipients.' };
  }
  const list = listOf(name, routing);
  const keys = new Set([...list.names, ...list.names.map((domain) => `.${domain}`)]);
  const own = composed.keyed.filter(({ key }) => keys.has(key));
  const isReached = own.some(({ outcome }) => outcome.kind !== 'stays');
  if (composed.forAll === name) {
    return {
      class: 'renamed',
      here: 'destination',
      why: `${opaqueNames(list)} cannot be listed. So destination has all mail that no line of the map has: let the producer submit mail only for domains that exist.`,
    };
  }
  if (list.opaque.length > 0 && isReached) {
    return {
      class: 'refused',
      why: `${opaqueNames(list)} cannot be listed.`,
      todo: `Write its domains into ${toMap}.`,
    };
  }
  if (isReached) return { class: 'renamed', here: toMap, why: `${counted(list.names.length, 'domain')}.` };
  return { class: 'none', why: 'Its domains are not sent by LMTP, and their mail stays with Postfix.' };
}

function listOf(name: string, { local, mailboxes, relays }: Routing): DomainList {
  return name === 'mydestination' ? local : name === 'relay_domains' ? relays : mailboxes;
}

function opaqueNames({ opaque }: DomainList): string {
  return opaque.map(({ specification }) => specification).join(', ');
}

function byOf(outcome: Keyed['outcome']): string {
  return 'by' in outcome ? outcome.by : outcome.route.by;
}

function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}
