/**
 * The routes of a Postfix as transport maps of ours: one for each of its LMTP transports that mail is sent to.
 *
 * Each key (an address, a domain, `.domain` or `*`) gets what Postfix would do with an address that the key stands for. So the
 * classes of domains, transport_maps and their precedence are resolved once, here, and the result is a list of keys and next-hops.
 */

import { DestinationError, isLocalAddress, normaliseDestination, parseDestination } from '../request/destination.ts';
import { reservedServices } from '../request/route.ts';
import { type PostfixRoute, type Routing, routeOf, transportKeys } from './routing.ts';

/** What becomes of mail for a key. */
export type Outcome =
  | {
      readonly kind: 'lmtp';
      readonly service: string;
      /** Normalised; empty: the domain of the recipient. */
      readonly nextHop: string;
      /** As Postfix has it. */
      readonly written: string;
      readonly by: string;
    }
  /** error:, retry: and discard: are the same here. */
  | { readonly kind: 'ending'; readonly text: string; readonly by: string }
  /** Another agent than lmtp(8) has it. */
  | { readonly kind: 'stays'; readonly route: PostfixRoute }
  /** An LMTP server that a function cannot reach. */
  | { readonly kind: 'unusable'; readonly route: PostfixRoute; readonly why: string };

/** A key of the map, and what becomes of its mail. */
export interface Keyed {
  readonly key: string;
  /** It is in a table of transport_maps, and not only the domain of a class. */
  readonly isWritten: boolean;
  readonly outcome: Outcome;
}

/** One LMTP transport that mail is sent to. */
export interface TransportPlan {
  /** Its name here. */
  readonly name: string;
  /** Its name in master.cf. */
  readonly service: string;
  /** For mail that matches no entry. */
  readonly destination: string | undefined;
  /** Lines in the syntax of transport(5). */
  readonly map: readonly { readonly key: string; readonly result: string }[];
  /** Its next-hops, normalised. */
  readonly nextHops: readonly string[];
}

/** The maps, and what is in none. */
export interface Composed {
  /** The first one receives all mail, and hands to the others what is theirs. Empty if no route is LMTP. */
  readonly transports: readonly TransportPlan[];
  readonly keyed: readonly Keyed[];
  /** The class whose domains are not known, and whose route therefore has all other mail. */
  readonly forAll: string | undefined;
}

/** How routes are composed. */
export interface ComposeOptions {
  /** Next-hops by the next-hop that they replace, both without `inet:` and in lower case. */
  readonly replace: ReadonlyMap<string, string>;
  readonly defaultPort: number;
  /** Next-hops that were judged before: a list server has thousands of addresses with the same one. */
  readonly judged: Map<string, JudgedHop>;
}

/** A next-hop in its normal form, or why a function cannot reach it. */
export interface JudgedHop {
  readonly normal: string | undefined;
  readonly why: string;
}

/** Returns a next-hop as {@link ComposeOptions.replace} has it. */
export function replaceKey(nextHop: string): string {
  return nextHop
    .trim()
    .replace(/^inet:/i, '')
    .toLowerCase();
}

/** Composes the maps. */
export function composeMaps(routing: Routing, options: ComposeOptions): Composed {
  const written = new Set(writtenKeys(routing));
  const keyed = keysOf(routing).map((key): Keyed => {
    const outcome = outcomeOf(routeOf(addressFor(key), routing), routing, options);
    return { key, isWritten: written.has(key), outcome };
  });
  const { all, forAll } = withAll(keyed, routing, options);
  const services = [...new Set(all.flatMap(({ outcome }) => serviceOf(outcome)))];
  const first = services.includes('lmtp') ? 'lmtp' : services[0];
  if (first === undefined) return { transports: [], keyed: all, forAll };
  const ordered = [first, ...services.filter((service) => service !== first)];
  const names = namesOf(ordered);
  const transports = ordered.map((service) => planOf(service, service === first, all, names));
  return { transports, keyed: all, forAll };
}

/** The service of LMTP, also where its server cannot be reached: its parameters are imported all the same. */
function serviceOf(outcome: Outcome): readonly string[] {
  if (outcome.kind === 'lmtp') return [outcome.service];
  return outcome.kind === 'unusable' ? [outcome.route.service] : [];
}

/** Returns an address that a key stands for, and that has no key of its own. */
export function addressFor(key: string): string {
  const user = 'no-such-user-of-a-table';
  if (key.includes('@')) return key;
  if (key === '*') return `${user}@no-such-domain.invalid`;
  return key.startsWith('.') ? `${user}@no-such-host${key}` : `${user}@${key}`;
}

/** The keys of transport_maps. */
function writtenKeys({ transportTables }: Routing): readonly string[] {
  return transportTables.flatMap((table) => (table.kind === 'entries' ? table.entries.map(({ key }) => key) : []));
}

/** The keys of transport_maps, the domains of all classes, and `*`. */
function keysOf(routing: Routing): readonly string[] {
  const { local, mailboxes, relays, aliases } = routing;
  const written = writtenKeys(routing);
  const domains = [local, mailboxes, relays, aliases].flatMap(({ names }) => names);
  const below = relays.names.flatMap((name) => (relays.has(`x.${name}`) ? [`.${name}`] : []));
  const keys = [...written.filter((key) => key !== '*'), ...domains, ...below].filter(
    (key) => !/\s/.test(key.replaceAll(/"[^"]*"/g, '')),
  );
  return [...new Set([...keys, '*'])];
}

/** Returns what becomes of mail on a route. */
export function outcomeOf(route: PostfixRoute, routing: Routing, options: ComposeOptions): Outcome {
  const { service, nextHop, isOwnDomain, by } = route;
  const program = routing.programOf(service);
  if (by === 'virtual_alias_domains') return { kind: 'stays', route };
  if (service === 'discard') return { kind: 'ending', text: `discard:${isOwnDomain ? '' : inLine(nextHop)}`, by };
  if (service === 'error' || service === 'retry') {
    return { kind: 'ending', text: `${service}:${withStatus(service, inLine(nextHop))}`, by };
  }
  if (program !== 'lmtp') return { kind: 'stays', route };
  const given = options.replace.get(replaceKey(nextHop)) ?? nextHop;
  const { why, normal } = judgeHop(given, options);
  if (normal === undefined) return { kind: 'unusable', route, why };
  if (isOwnDomain && given === nextHop) return { kind: 'lmtp', service, nextHop: '', written: nextHop, by };
  return { kind: 'lmtp', service, nextHop: normal, written: nextHop, by };
}

/** The text of an ending on one line. The context value splits a text at semicolons. */
function inLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(';', ',').slice(0, longestEnding).trim();
}

/** Characters of an ending: its text has room for 500 octets. */
const longestEnding = 160;

/** error(8) bounces and retry(8) defers, whatever the class of the status in the text; here the class must say so. */
function withStatus(service: 'error' | 'retry', text: string): string {
  const [, rest, words = ''] = /^\d(\.\d{1,3}\.\d{1,3})(?: (.*))?$/.exec(text) ?? [];
  if (rest === undefined) return text;
  return `${service === 'error' ? '5' : '4'}${rest} ${words === '' ? 'Address is undeliverable' : words}`;
}

function judgeHop(nextHop: string, options: ComposeOptions): JudgedHop {
  const known = options.judged.get(nextHop) ?? judge(nextHop, options.defaultPort);
  options.judged.set(nextHop, known);
  return known;
}

function judge(nextHop: string, defaultPort: number): JudgedHop {
  const refused = (why: string): JudgedHop => ({ normal: undefined, why });
  if (/^unix:/.test(nextHop)) {
    return refused('a function does not run on the machine of the mail store, so it has no UNIX socket');
  }
  try {
    const hops = parseDestination(nextHop, defaultPort);
    const local = hops.find((hop) => hop.kind === 'inet' && isOfThisMachine(hop.host, hop.isAddress));
    if (local === undefined) return { normal: normaliseDestination(nextHop, defaultPort), why: '' };
    return refused(`${local.name} is the machine of Postfix itself, and a function runs elsewhere`);
  } catch (error) {
    if (error instanceof DestinationError) return refused(error.message);
    throw error;
  }
}

function isOfThisMachine(host: string, isAddress: boolean): boolean {
  return isAddress ? isLocalAddress(host) : /^localhost(?:\.localdomain)?$/.test(host);
}

/**
 * Where the domains of a class are in a database, its route has all mail that no other key has: the producer submits only mail for
 * domains that exist.
 */
function withAll(keyed: readonly Keyed[], routing: Routing, options: ComposeOptions) {
  const star = keyed.find(({ key }) => key === '*');
  const none = { all: keyed, forAll: undefined };
  if (star === undefined || star.outcome.kind !== 'stays') return none;
  const classes = [
    ['virtual_mailbox_domains', 'virtual_transport', routing.mailboxes],
    ['mydestination', 'local_transport', routing.local],
    ['relay_domains', 'relay_transport', routing.relays],
  ] as const;
  for (const [name, transport, { opaque }] of classes) {
    if (opaque.length === 0) continue;
    const outcome = outcomeOf(routeAs(transport, routing), routing, options);
    if (outcome.kind !== 'lmtp' && outcome.kind !== 'unusable') continue;
    return { all: [...keyed.filter((one) => one !== star), { ...star, outcome }], forAll: name };
  }
  return none;
}

/** Returns the route of a class for a domain that is in it. */
function routeAs(transport: string, routing: Routing): PostfixRoute {
  const inAll = { has: () => true, names: [], opaque: [] };
  const inNone = { has: () => false, names: [], opaque: [] };
  const lists = {
    local: transport === 'local_transport' ? inAll : inNone,
    mailboxes: transport === 'virtual_transport' ? inAll : inNone,
    relays: transport === 'relay_transport' ? inAll : inNone,
    aliases: inNone,
  };
  return routeOf(addressFor('*'), { ...routing, ...lists });
}

/** Names that the stack allows, each once. A single transport is called lmtp. */
function namesOf(services: readonly string[]): ReadonlyMap<string, string> {
  if (services.length === 1) return new Map(services.map((service) => [service, 'lmtp']));
  const names = new Map<string, string>();
  for (const service of services) {
    const plain = service
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]+/g, '-')
      .replace(/^[^a-z]+/, '')
      .slice(0, 28);
    const base = plain === '' || reservedServices.has(plain) ? `lmtp-${plain}` : plain;
    const taken = new Set(names.values());
    const free = [base, ...services.map((_, index) => `${base}-${index + 2}`)].find((name) => !taken.has(name));
    names.set(service, free ?? base);
  }
  return names;
}

function planOf(
  service: string,
  isFirst: boolean,
  keyed: readonly Keyed[],
  names: ReadonlyMap<string, string>,
): TransportPlan {
  const name = names.get(service) ?? service;
  const own = keyed.flatMap(({ outcome }) => (outcome.kind === 'lmtp' && outcome.service === service ? [outcome] : []));
  const nextHops = [...new Set(own.flatMap(({ nextHop }) => (nextHop === '' ? [] : [nextHop])))];
  const ofStar = keyed.find(({ key }) => key === '*')?.outcome;
  const isOfStar = ofStar?.kind === 'lmtp' && ofStar.service === service && ofStar.nextHop !== '';
  const all = isFirst
    ? mapOf(keyed, names)
    : mapOf(
        keyed.filter(({ outcome }) => own.some((one) => one === outcome)),
        names,
      );
  return {
    name,
    service,
    destination: isOfStar ? ofStar.nextHop : undefined,
    map: all.filter(({ key }) => !(isOfStar && key === '*')),
    nextHops,
  };
}

interface MapLine {
  readonly key: string;
  readonly result: string;
}

/** Returns the lines of a map: what is delivered or ends, and what must not fall to a wider key. */
function mapOf(keyed: readonly Keyed[], names: ReadonlyMap<string, string>): readonly MapLine[] {
  const lines = new Map<string, string>();
  for (const { key, outcome } of keyed) {
    const result = resultOf(outcome, names);
    if (result !== undefined) lines.set(key, result);
  }
  return keyed.flatMap(({ key, isWritten, outcome }) => {
    const found = transportKeys(addressFor(key), '').find((one) => one !== key && lines.has(one));
    const wider = found === undefined ? undefined : lines.get(found);
    const result = lines.get(key) ?? (wider === undefined ? undefined : parked(outcome));
    // The domain of a class needs no line of its own where a wider key decides alike.
    const isNeeded = isWritten || key === '*' || result !== wider;
    return result === undefined || !isNeeded ? [] : [{ key, result }];
  });
}

function resultOf(outcome: Outcome, names: ReadonlyMap<string, string>): string | undefined {
  if (outcome.kind === 'ending') return outcome.text;
  return outcome.kind === 'lmtp' ? `${names.get(outcome.service) ?? outcome.service}:${outcome.nextHop}` : undefined;
}

/** Mail that comes here by mistake waits, and is looked up again at each try. */
function parked(outcome: Outcome): string | undefined {
  if (outcome.kind !== 'stays' && outcome.kind !== 'unusable') return undefined;
  const { service, nextHop, isOwnDomain } = outcome.route;
  if (outcome.route.by === 'virtual_alias_domains')
    return 'retry:4.3.0 the producer expands the aliases of this domain';
  const at = inLine(isOwnDomain ? service : `${service}:${nextHop}`);
  const text =
    outcome.kind === 'stays' ? 'in Postfix this is not LMTP' : 'the next-hop of Postfix cannot be reached from here';
  return `retry:4.3.0 ${text}: ${at}`;
}

/** Most octets of a map in the environment of a function: Lambda allows 4 KB for all of it. */
export const mostMapOctets = 2500;

/** Returns the map of a transport in the syntax of transport(5), without the entry `*` that its destination makes. */
export function mapText({ map }: Pick<TransportPlan, 'map'>): string {
  const width = Math.min(
    40,
    map.reduce((most, { key }) => Math.max(most, key.length), 0),
  );
  return map.map(({ key, result }) => `${key.padEnd(width)} ${result}`).join('\n');
}

/** Whether the map is larger than the environment allows, so that it must be an object in S3. */
export function isLarge(plan: Pick<TransportPlan, 'map'>): boolean {
  return Buffer.byteLength(mapText(plan)) > mostMapOctets;
}
