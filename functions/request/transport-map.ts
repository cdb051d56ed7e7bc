/**
 * The transport map: which destination a recipient's mail goes to (Postfix transport(5), and its order of look-ups).
 *
 *     carol@example.com   lmtp:inet:special.internal:24
 *     example.com         lmtp:inet:dovecot.internal:24
 *     .example.com        lmtp:inet:dovecot.internal:24
 *     lists.example.com   mailman:inet:mailman.internal:8024
 *     old.example.com     error:5.1.6 this domain has moved to example.com
 *     moving.example.com  retry:4.3.2 the mailboxes are being moved
 *     void.example.com    discard:nobody wants this
 *     *                   lmtp:inet:catchall.internal
 *
 * A result is `service:next-hop`. Without a next-hop it is the recipient's domain; without a service it is this transport;
 * without both (`:`) it is what the entry `*` says, which is the stack's own destination as a rule.
 */

import { domainToASCII } from 'node:url';
import { type LogicalLine, logicalLines } from '../maps/logical-lines.ts';
import type { EnhancedStatus } from '../smtp/enhanced-status.ts';
import { withoutExtension } from '../smtp/extension.ts';
import { splitAddress } from '../smtp/path.ts';
import { DestinationError, normaliseDestination, type Ports } from './destination.ts';
import { formatEnding } from './route.ts';

/** A line of the map cannot be used. The message names it. */
export class TransportMapError extends Error {
  override readonly name = 'TransportMapError';
}

/** A map that was read. */
export interface TransportMap {
  /** The destination for an address, as the queue writes it down (route.ts); `undefined` where no entry matches. */
  find(address: string): string | undefined;
  /** Whether an entry names the address or its domain: mail for it is ours. The entry `*` names nobody. */
  names(address: string): boolean;
  /** Every destination of this transport that the map spells out, normalised. */
  readonly destinations: ReadonlySet<string>;
}

/** What a map may say beside the destinations of this transport. */
export interface TransportMapOptions {
  /** recipient_delimiter: an address is looked up with its extension first, then without. Default: none. */
  readonly recipientDelimiter?: string;
  /** Names of the other transports that mail may be handed to. Default: none. */
  readonly otherTransports?: ReadonlySet<string>;
}

/**
 * Reads a map, or several that are asked for each key in order (transport_maps).
 *
 * @param transport   the service name of this transport, `lmtp` as a rule
 * @param defaultPort lmtp_tcp_port
 * @throws TransportMapError naming the line and what is wrong
 */
export function parseTransportMap(
  text: string | readonly string[],
  transport: string,
  defaultPort: Ports | number,
  { recipientDelimiter = '', otherTransports = new Set() }: TransportMapOptions = {},
): TransportMap {
  const rules: Rules = { transport, otherTransports, defaultPort };
  const maps = (typeof text === 'string' ? [text] : text).map((one) => readEntries(one, rules));
  const lookUp = (key: string) => maps.map((entries) => entries.get(key)).find((entry) => entry !== undefined);
  const all = maps.flatMap((entries) => [...entries.values()]);
  return {
    destinations: new Set(all.flatMap((entry) => (entry.kind === 'own' ? [entry.destination] : []))),
    names: (address) => keys(address, recipientDelimiter).some((key) => key !== '*' && lookUp(key) !== undefined),
    find: (address) => {
      const entry = keys(address, recipientDelimiter)
        .map(lookUp)
        .find((found) => found !== undefined);
      return resolve(entry?.kind === 'unchanged' ? lookUp('*') : entry, address, defaultPort);
    },
  };
}

/** The right-hand side of an entry. */
type Entry =
  /** A destination that is the same for everybody. */
  | { readonly kind: 'own' | 'other'; readonly destination: string }
  /** What depends on the recipient's domain: the next-hop itself, or the words of an ending. */
  | { readonly kind: 'domain'; readonly of: (domain: string) => string }
  /** `:` */
  | { readonly kind: 'unchanged' };

interface Rules {
  readonly transport: string;
  readonly otherTransports: ReadonlySet<string>;
  readonly defaultPort: Ports | number;
}

function resolve(entry: Entry | undefined, address: string, defaultPort: Ports | number): string | undefined {
  switch (entry?.kind) {
    case undefined:
    case 'unchanged':
      return undefined;
    case 'own':
    case 'other':
      return entry.destination;
    case 'domain':
      return byDomain(entry, splitAddress(address).domain, defaultPort);
    default:
      return entry satisfies never;
  }
}

/** Only this recipient can be blamed for a domain that is no host name. */
function byDomain({ of }: Extract<Entry, { kind: 'domain' }>, domain: string, defaultPort: Ports | number): string {
  const host = domainToASCII(domain) || domain;
  try {
    normaliseDestination(host, defaultPort);
    return of(host);
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error;
    return formatEnding({ kind: 'error', status: '5.1.2', text: `the domain "${domain}" is no host name` });
  }
}

function readEntries(text: string, rules: Rules): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  const lines = new Map<string, number>();
  for (const line of logicalLines(text)) {
    const written = line.text.replaceAll(/\s+/g, ' ');
    const match = /^((?:"(?:[^"\\]|\\.)*"|\S)+) (.*)$/.exec(written);
    if (match === null) throw new TransportMapError(`"${written}": a pattern, blanks and a destination are wanted`);
    const [, pattern = '', result = ''] = match;
    const key = pattern.toLowerCase();
    checkOnce(key, line, lines);
    entries.set(key, parseResult(written, result, rules));
  }
  return entries;
}

function checkOnce(key: string, { number }: LogicalLine, lines: Map<string, number>): void {
  const earlier = lines.get(key);
  if (earlier !== undefined) throw new TransportMapError(`line ${number}: "${key}" is already in line ${earlier}`);
  lines.set(key, number);
}

/** What is looked up for an address, in order: itself, it without extension, its domain, each parent with a dot in front, `*`. */
function keys(address: string, recipientDelimiter: string): readonly string[] {
  const folded = address.toLowerCase();
  const { domain } = splitAddress(folded);
  const labels = domain.split('.');
  const parents = labels.slice(1).map((_, index) => `.${labels.slice(index + 1).join('.')}`);
  const plain = withoutExtension(folded, recipientDelimiter);
  return [folded, ...(plain === folded ? [] : [plain]), ...(domain === '' ? [] : [domain, ...parents]), '*'];
}

function parseResult(line: string, result: string, rules: Rules): Entry {
  const { transport, otherTransports, defaultPort } = rules;
  const colon = result.indexOf(':');
  const service = result.slice(0, Math.max(0, colon));
  const nextHop = result.slice(colon + 1).trim();
  if (colon === 0 && nextHop === '') return { kind: 'unchanged' };
  if (service === 'error' || service === 'retry' || service === 'discard') return parseEnding(line, service, nextHop);
  const isOther = otherTransports.has(service);
  if (colon < 0 || !(service === '' || service === transport || isOther)) {
    const services = [transport, ...otherTransports, 'error', 'retry', 'discard'].map((name) => `${name}:`);
    throw new TransportMapError(`"${line}": the destination must begin with ${services.join(' or ')}`);
  }
  if (isOther && service !== transport) return { kind: 'other', destination: `${service}:${nextHop}` };
  if (nextHop === '') return { kind: 'domain', of: (domain) => normaliseDestination(domain, defaultPort) };
  try {
    return { kind: 'own', destination: normaliseDestination(nextHop, defaultPort) };
  } catch (cause) {
    if (cause instanceof DestinationError) throw new TransportMapError(`"${line}": ${cause.message}`, { cause });
    throw cause;
  }
}

/** Octets that the words of an ending may have: they stand in the table beside every delivery that they end. */
const longestText = 500;

/** error(8), retry(8): a status and a reason; discard(8): a reason. Without any, the recipient's domain is the reason. */
function parseEnding(line: string, kind: 'error' | 'retry' | 'discard', words: string): Entry {
  if (Buffer.byteLength(words) > longestText) {
    throw new TransportMapError(`"${line.slice(0, 100)}...": the reason is longer than ${longestText} octets`);
  }
  if (kind === 'discard') return ending(words, (text) => formatEnding({ kind, text }));
  const wanted = kind === 'error' ? '5' : '4';
  const [, given, rest] = /^(\d\.\d{1,3}\.\d{1,3})(?: (.*))?$/.exec(words) ?? [];
  if (given !== undefined && (!given.startsWith(wanted) || rest === undefined)) {
    throw new TransportMapError(
      `"${line}": behind ${kind}: a status ${wanted}.x.x and a reason are wanted, or a reason alone`,
    );
  }
  const status = (given ?? `${wanted}.0.0`) as EnhancedStatus;
  return ending(rest ?? words, (text) => formatEnding({ kind, status, text }));
}

function ending(text: string, format: (text: string) => string): Entry {
  return text === '' ? { kind: 'domain', of: format } : { kind: 'other', destination: format(text) };
}
