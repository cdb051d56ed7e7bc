/**
 * Where Postfix would send a recipient: the class of its domain, then transport_maps (trivial-rewrite(8), resolve.c and transport.c),
 * and for local(8) its mailbox_transport or fallback_transport.
 */

import { withoutExtension } from '../smtp/extension.ts';
import { splitAddress } from '../smtp/path.ts';
import { type DomainList, readDomainList } from './domain-list.ts';
import type { Service } from './master-cf.ts';
import { type ReadText, readTables, type Table } from './tables.ts';

/** Returns the expanded value of a parameter, or Postfix's default. */
export type ValueOf = (name: string) => string;

/** Looks up a key in a table that cannot be read here, as `postmap -q` does; `undefined`: there is no entry. */
export type Ask = (specification: string, key: string) => string | undefined;

/** A way to a mailbox, or to another system. */
export interface PostfixRoute {
  /** The name of the service in master.cf. */
  readonly service: string;
  readonly nextHop: string;
  /** The next-hop is the recipient's own domain, because the setting names none. */
  readonly isOwnDomain: boolean;
  /** The setting that decides: `virtual_transport`, or `transport_maps`. */
  readonly by: string;
}

/** What decides about routes. */
export interface Routing {
  readonly setting: ValueOf;
  readonly local: DomainList;
  readonly aliases: DomainList;
  readonly mailboxes: DomainList;
  readonly relays: DomainList;
  readonly transportTables: readonly Table[];
  readonly ask: Ask | undefined;
  /** The program of a transport, such as `lmtp`; `undefined` if master.cf has no such service. */
  readonly programOf: (service: string) => string | undefined;
}

/** The parameters that decide about routes. */
export const routingParameters = [
  'mydestination',
  'virtual_alias_domains',
  'virtual_mailbox_domains',
  'relay_domains',
  'transport_maps',
  'local_transport',
  'virtual_transport',
  'relay_transport',
  'default_transport',
  'relayhost',
  'mailbox_transport',
  'fallback_transport',
  'recipient_delimiter',
  'myhostname',
  'myorigin',
] as const;

/** Reads what decides about routes. */
export function readRouting(
  valueIn: ValueOf,
  read: ReadText,
  transports: ReadonlyMap<string, Service>,
  ask?: Ask,
): Routing {
  // Debian's Postfix takes the name of a file, usually /etc/mailname.
  const origin = valueIn('myorigin');
  const myorigin = origin.startsWith('/') ? (read(origin)?.split('\n')[0]?.trim() ?? '') : origin;
  const setting: ValueOf = (name) => (name === 'myorigin' ? myorigin : valueIn(name));
  const list = (name: string, withSubdomains = false) =>
    readDomainList(setting(name), { read, withSubdomains, ...(ask === undefined ? {} : { ask }) });
  return {
    setting,
    local: list('mydestination'),
    aliases: list('virtual_alias_domains'),
    mailboxes: list('virtual_mailbox_domains'),
    relays: list(
      'relay_domains',
      /(?:^|[\s,])relay_domains(?:$|[\s,])/.test(setting('parent_domain_matches_subdomains')),
    ),
    transportTables: readTables(setting('transport_maps'), read),
    ask,
    programOf: (service) => transports.get(service)?.program ?? (transports.size === 0 ? service : undefined),
  };
}

/** Returns the route for an address. */
export function routeOf(address: string, routing: Routing): PostfixRoute {
  const whole = address.includes('@') ? address : `${address}@${routing.setting('myorigin')}`;
  const { domain } = splitAddress(whole.toLowerCase());
  const standard = routeOfClass(domain, routing);
  // transport_maps do not apply to the class of alias domains.
  const resolved = standard.by === 'virtual_alias_domains' ? standard : (lookUp(whole, standard, routing) ?? standard);
  return routing.programOf(resolved.service) === 'local' ? routeOfLocal(resolved, domain, routing) : resolved;
}

/** Returns the route for a domain if transport_maps have no entry. */
export function routeOfClass(domain: string, routing: Routing): PostfixRoute {
  const { setting } = routing;
  const own = setting('myhostname');
  if (routing.local.has(domain)) return parse(setting('local_transport'), own, 'local_transport', false);
  if (routing.aliases.has(domain)) {
    const text = '5.1.1 User unknown in virtual alias table';
    return { service: 'error', nextHop: text, isOwnDomain: false, by: 'virtual_alias_domains' };
  }
  if (routing.mailboxes.has(domain)) return parse(setting('virtual_transport'), domain, 'virtual_transport', true);
  const relayhost = setting('relayhost');
  const name = routing.relays.has(domain) ? 'relay_transport' : 'default_transport';
  return parse(setting(name), relayhost === '' ? domain : relayhost, name, relayhost === '');
}

/** Splits `service:next-hop`. */
function parse(value: string, nextHop: string, by: string, isOwnDomain: boolean): PostfixRoute {
  const [, service = '', given = ''] = /^([^:]*):?(.*)$/s.exec(value) ?? [];
  return given === '' ? { service, nextHop, isOwnDomain, by } : { service, nextHop: given, isOwnDomain: false, by };
}

/** mailbox_transport has all users of local(8), fallback_transport those that the system does not know. */
function routeOfLocal(route: PostfixRoute, domain: string, { setting }: Routing): PostfixRoute {
  const by = ['mailbox_transport', 'fallback_transport'].find((name) => setting(name) !== '');
  return by === undefined ? route : parse(setting(by), domain, by, true);
}

/** Returns the keys of an address for transport_maps, in order (transport(5), "TABLE SEARCH ORDER"). */
export function transportKeys(address: string, delimiter: string): readonly string[] {
  const folded = address.toLowerCase();
  const { domain } = splitAddress(folded);
  const labels = domain.split('.');
  const parents = labels.slice(1).map((_, index) => `.${labels.slice(index + 1).join('.')}`);
  const plain = withoutExtension(folded, delimiter);
  return [folded, ...(plain === folded ? [] : [plain]), domain, ...parents, '*'];
}

function lookUp(address: string, standard: PostfixRoute, routing: Routing): PostfixRoute | undefined {
  const { domain } = splitAddress(address.toLowerCase());
  const keys = transportKeys(address, routing.setting('recipient_delimiter'));
  for (const [index, key] of keys.entries()) {
    for (const table of routing.transportTables) {
      // Patterns are compared with the whole address only, and with the wildcard.
      if (index > 0 && key !== '*' && isPatterns(table)) continue;
      const result = find(table, key, routing);
      if (result !== undefined) return withResult(result, standard, domain);
    }
  }
  return undefined;
}

function isPatterns({ kind, specification }: Table): boolean {
  return kind === 'patterns' || /^(?:regexp|pcre|cidr):/.test(specification);
}

function find(table: Table, key: string, { ask }: Routing): string | undefined {
  switch (table.kind) {
    case 'entries':
      return table.byKey.get(key);
    case 'static':
      return table.value;
    case 'patterns':
      return table.find(key);
    case 'opaque':
      return ask?.(table.specification, key);
    default:
      return table satisfies never;
  }
}

/** Applies a result of transport_maps to the route of the class (transport.c:update_entry). */
function withResult(result: string, standard: PostfixRoute, domain: string): PostfixRoute {
  const [, service = '', nextHop = ''] = /^([^:]*):?(.*)$/s.exec(result.trim()) ?? [];
  const by = 'transport_maps';
  if (service === '') return nextHop === '' ? standard : { ...standard, nextHop, isOwnDomain: false, by };
  if (nextHop !== '') return { service, nextHop, isOwnDomain: false, by };
  if (service === 'error' || service === 'retry') {
    return { service, nextHop: 'Address is undeliverable', isOwnDomain: false, by };
  }
  return { service, nextHop: domain, isOwnDomain: true, by };
}
