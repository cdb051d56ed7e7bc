/**
 * The proof of an import: where Postfix would send each recipient, and where this system would.
 */

import { parseParameters } from '../parameters/parameters.ts';
import { normaliseDestination, portsOf } from '../request/destination.ts';
import { parseOtherTransport } from '../request/route.ts';
import { parseTransportMap, type TransportMap } from '../request/transport-map.ts';
import { withoutExtension } from '../smtp/extension.ts';
import { splitAddress } from '../smtp/path.ts';
import { type JudgedHop, mapText, type Outcome, outcomeOf, replaceKey } from './compose.ts';
import type { Imported } from './import.ts';
import { type Routing, routeOf } from './routing.ts';
import { type ReadText, readTables, type Table } from './tables.ts';

/** One recipient. */
export interface Comparison {
  readonly recipient: string;
  /**
   *   same     both send it to the same next-hop, or end it alike
   *   stays    Postfix does not send it by LMTP, and here it is not delivered
   *   differs  it would go elsewhere, or nowhere
   *   unknown  a table that decides could not be asked
   */
  readonly verdict: 'same' | 'stays' | 'differs' | 'unknown';
  /** Where Postfix sends it: `service:next-hop`, and the setting that decides. */
  readonly postfix: string;
  readonly by: string;
  /** Where it goes here; absent: no entry has it. */
  readonly here?: string;
  readonly why?: string;
}

/** How recipients are compared. */
export interface CompareOptions {
  /** The routing of Postfix: as it was imported, or as Postfix's own programs answer. */
  readonly routing: Routing;
  readonly read: ReadText;
  readonly replace: ReadonlyMap<string, string>;
  /** Whether a table was asked in vain, so that its entries are not known. */
  readonly isUnanswered: (specification: string) => boolean;
}

/** Compares the routes of recipients. */
export function compareRoutes(
  recipients: readonly string[],
  imported: Imported,
  options: CompareOptions,
): readonly Comparison[] {
  const compare = comparer(imported, options);
  return recipients.map(compare);
}

function comparer(imported: Imported, options: CompareOptions): (recipient: string) => Comparison {
  const { routing, replace } = options;
  const maps = mapsOf(imported);
  const { ports } = maps;
  const names = new Map(imported.transports.map(({ service, name }) => [service, name] as const));
  const rewriting = rewritingTables(options);
  const judged = new Map<string, JudgedHop>();
  return (recipient) => {
    const address = recipient.includes('@') ? recipient : `${recipient}@${routing.setting('myorigin')}`;
    const route = routeOf(address, routing);
    const outcome = outcomeOf(route, routing, { replace, defaultPort: ports.defaultPort, judged });
    const here = findHere(address, maps);
    const expected = expectedOf(outcome, address, names, ports);
    const postfix = `${route.service}:${route.nextHop}`;
    const facts = { recipient, postfix, by: route.by, ...(here === undefined ? {} : { here }) };
    const alias = aliasOf(address, route.by, rewriting, routing);
    if (alias !== undefined) {
      const why = `${alias.name} makes ${shortened(alias.result)} of it: the producer has to`;
      return { ...facts, verdict: 'differs', postfix: `rewritten by ${alias.name}`, by: alias.name, why };
    }
    const unanswered = deciding(routing, route.by).find(options.isUnanswered);
    if (unanswered !== undefined) return { ...facts, verdict: 'unknown', why: `${unanswered} could not be asked` };
    return { ...facts, ...verdictOf(outcome, expected, here) };
  };
}

/** The tables that cannot be read here and that could have decided otherwise: the class of a domain, and transport_maps. */
function deciding({ transportTables, local, aliases, mailboxes, relays }: Routing, by: string): readonly string[] {
  const lists = by === 'default_transport' ? [mailboxes, local, relays, aliases].flatMap(({ opaque }) => opaque) : [];
  return [...transportTables, ...lists].flatMap(({ kind, specification }) =>
    kind === 'opaque' ? [specification] : [],
  );
}

/** Judges one recipient. */
function verdictOf(
  outcome: Outcome,
  expected: string | undefined,
  here: string | undefined,
): Pick<Comparison, 'verdict' | 'why'> {
  const isHeld = here === undefined || here.startsWith('retry:');
  switch (outcome.kind) {
    case 'lmtp':
    case 'ending':
      if (here === expected) return { verdict: 'same' };
      // Without any LMTP there is no map.
      if (here === undefined && outcome.kind === 'ending') return { verdict: 'stays', why: 'no mail is sent by LMTP' };
      return { verdict: 'differs', why: here === undefined ? 'no entry here has it' : 'another next-hop' };
    case 'stays':
      return isHeld
        ? { verdict: 'stays', why: 'not LMTP: it stays with Postfix' }
        : { verdict: 'differs', why: 'Postfix does not send it by LMTP' };
    case 'unusable':
      return { verdict: 'differs', why: outcome.why };
    default:
      return outcome satisfies never;
  }
}

/** The maps as the functions have them, the first one first. */
interface OurMaps {
  readonly first: { readonly name: string; readonly map: TransportMap } | undefined;
  readonly others: ReadonlyMap<string, TransportMap>;
  readonly ports: ReturnType<typeof portsOf>;
}

function mapsOf({ transports, parameters }: Imported): OurMaps {
  const ports = portsOf(parseParameters(parameters, { readFile: () => undefined }));
  const delimiter = parameters['recipient_delimiter']?.replaceAll('$$', '$') ?? '';
  const names = new Set(transports.map(({ name }) => name));
  const parsed = transports.map((plan) => {
    const star = plan.destination === undefined ? '' : `\n* ${plan.name}:${plan.destination}`;
    const otherTransports = new Set([...names].filter((name) => name !== plan.name));
    const options = { recipientDelimiter: delimiter, otherTransports };
    return [plan.name, parseTransportMap(`${mapText(plan)}${star}`, plan.name, ports, options)] as const;
  });
  const [first, ...others] = parsed;
  return { first: first && { name: first[0], map: first[1] }, others: new Map(others), ports };
}

/** Returns where an address goes here: next-hops, with the name of the transport in front. */
function findHere(address: string, { first, others, ports }: OurMaps): string | undefined {
  const found = first?.map.find(address);
  if (first === undefined || found === undefined) return undefined;
  const other = parseOtherTransport(found);
  if (other === undefined) return /^(?:error|retry|discard):/.test(found) ? found : `${first.name}:${found}`;
  const hop =
    other.nextHop === '' ? others.get(other.transport)?.find(address) : normaliseDestination(other.nextHop, ports);
  return hop === undefined ? undefined : `${other.transport}:${hop}`;
}

/** Returns where an address has to go here for the same result as in Postfix. */
function expectedOf(
  outcome: Outcome,
  address: string,
  names: ReadonlyMap<string, string>,
  ports: ReturnType<typeof portsOf>,
): string | undefined {
  if (outcome.kind === 'ending') return asEnding(outcome.text, address);
  if (outcome.kind !== 'lmtp') return undefined;
  const hop = outcome.nextHop === '' ? splitAddress(address).domain : outcome.nextHop;
  return `${names.get(outcome.service)}:${normaliseDestination(hop, ports)}`;
}

/** An ending as the queue stores it: with a status, and a reason. */
function asEnding(text: string, address: string): string {
  const map = parseTransportMap(`* ${text}`, 'lmtp', 24);
  return map.find(address) ?? text;
}

interface RewritingTable {
  readonly name: string;
  readonly tables: readonly Table[];
}

/** Tables that change recipients before the queue, in Postfix's order, and aliases(5) of local(8). */
function rewritingTables({ routing, read }: CompareOptions): readonly RewritingTable[] {
  const names = ['recipient_canonical_maps', 'canonical_maps', 'virtual_alias_maps', 'alias_maps'];
  return names.map((name) => ({ name, tables: readTables(routing.setting(name), read) }));
}

function aliasOf(
  address: string,
  by: string,
  tables: readonly RewritingTable[],
  routing: Routing,
): { readonly name: string; readonly result: string } | undefined {
  const folded = address.toLowerCase();
  const { localPart, domain } = splitAddress(folded);
  const plain = withoutExtension(folded, routing.setting('recipient_delimiter'));
  const bare = routing.local.has(domain) || domain === routing.setting('myorigin').toLowerCase() ? [localPart] : [];
  const keys = [folded, plain, ...bare, ...bare.map(() => splitAddress(plain).localPart), `@${domain}`];
  for (const { name, tables: own } of tables) {
    // aliases(5) apply to what local(8) delivers, and have a colon behind the key.
    const isAliases = name === 'alias_maps';
    if (isAliases && by !== 'mailbox_transport' && by !== 'fallback_transport') continue;
    const result = firstResult(own, isAliases ? [localPart] : keys, isAliases ? ':' : '', routing);
    // @domain replaces the domain only.
    const whole = result?.startsWith('@') ? `${localPart}${result}` : result;
    if (whole !== undefined && whole.toLowerCase() !== folded) return { name, result: whole };
  }
  return undefined;
}

function firstResult(
  tables: readonly Table[],
  keys: readonly string[],
  suffix: string,
  { ask }: Routing,
): string | undefined {
  for (const key of new Set(keys)) {
    for (const table of tables) {
      if (table.kind === 'entries') {
        const value = table.byKey.get(`${key}${suffix}`);
        if (value !== undefined) return value;
      } else if (table.kind === 'patterns' || table.kind === 'opaque') {
        const value = table.kind === 'patterns' ? table.find(key) : ask?.(table.specification, key);
        if (value !== undefined) return value;
      } else return table.value;
    }
  }
  return undefined;
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** Returns the names of settings that Postfix's own program reads with another value. The values may be secrets. */
export function valueDifferences(imported: Imported, postconf: ReadonlyMap<string, string>): readonly string[] {
  const squeezed = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
  return [...imported.main.settings.keys()].filter((name) => {
    const postfix = postconf.get(name);
    return postfix !== undefined && squeezed(postfix) !== squeezed(imported.values.of(name));
  });
}

/** Returns the next-hops to replace, from `OLD=NEW`; a text without both is `undefined`. */
export function parseReplacement(text: string): readonly [from: string, to: string] | undefined {
  const [, from = '', to = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  return from === '' ? undefined : [replaceKey(from), to.trim()];
}
