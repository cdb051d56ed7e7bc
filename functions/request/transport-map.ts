/**
 * The transport map: the destination for each recipient (Postfix transport(5), and its order of look-ups).
 *
 *     carol@example.com   lmtp:inet:special.internal:24
 *     example.com         lmtp:inet:dovecot.internal:24
 *     .example.com        lmtp:inet:dovecot.internal:24
 *     lists.example.com   mailman:inet:mailman.internal:8024
 *     old.example.com     error:5.1.6 this domain has moved to example.com
 *     moving.example.com  retry:4.3.2 the mailboxes are being moved
 *     void.example.com    discard:mail for this domain is not kept
 *     *                   lmtp:inet:catchall.internal
 *
 * A result is `service:next-hop`. The default next-hop is the recipient's domain, the default service this transport.
 * Without both (`:`) the result is that of the entry `*`, usually the stack's own destination.
 */

import { domainToASCII } from 'node:url';
import { type LogicalLine, logicalLines } from '../maps/logical-lines.ts';
import type { EnhancedStatus } from '../smtp/enhanced-status.ts';
import { withoutExtension } from '../smtp/extension.ts';
import { splitAddress } from '../smtp/path.ts';
import { DestinationError, normaliseDestination, type Ports } from './destination.ts';
import { formatEnding } from './route.ts';

/** A line of the map is unusable. The message names it. */
export class TransportMapError extends Error {
  override readonly name = 'TransportMapError';
}

/** A parsed map. */
export interface TransportMap {
  /** Returns the destination for an address, as the queue stores it (route.ts); undefined if no entry matches. */
  find(address: string): string | undefined;
  /**
   * Whether an entry names the address or its domain, so that this stack delivers its mail. The entry `*` does not
   * count.
   */
  names(address: string): boolean;
  /** All destinations of this transport in the map, normalised. */
  readonly destinations: ReadonlySet<string>;
}

/** What a map may contain besides destinations of this transport. */
export interface TransportMapOptions {
  /** recipient_delimiter: an address is looked up with its extension first, then without. Default: none. */
  readonly recipientDelimiter?: string;
  /** Names of the other transports that mail may be handed to. Default: none. */
  readonly otherTransports?: ReadonlySet<string>;
}

/**
 * Parses a map, or several that are searched in order for each key (transport_maps).
 *
 * @param transport   the service name of this transport, usually `lmtp`
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
  /** The same destination for each recipient. */
  | { readonly kind: 'own' | 'other'; readonly destination: string }
  /** Depends on the recipient's domain: the next-hop, or the text of an ending. */
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

/** A domain that is not a host name bounces only its own recipient. */
function byDomain({ of }: Extract<Entry, { kind: 'domain' }>, domain: string, defaultPort: Ports | number): string {
  const host = domainToASCII(domain) || domain;
  try {
    normaliseDestination(host, defaultPort);
    return of(host);
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error;
    return formatEnding({ kind: 'error', status: '5.1.2', text: `the domain "${domain}" is not a host name` });
  }
}

function readEntries(text: string, rules: Rules): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  const lines = new Map<string, number>();
  for (const line of logicalLines(text)) {
    const written = line.text.replaceAll(/\s+/g, ' ');
    const end = endOfPattern(written);
    if (written[end] !== ' ') throw new TransportMapError(`"${written}": expected a pattern, blanks and a destination`);
    const key = written.slice(0, end).toLowerCase();
    const result = written.slice(end + 1);
    checkOnce(key, line, lines);
    entries.set(key, parseResult(written, result, rules));
  }
  return entries;
}

/** Returns the offset of the first blank outside quotes; a quote that does not end is a plain character. */
function endOfPattern(line: string): number {
  let at = 0;
  let isClosed = true;
  while (at < line.length && line[at] !== ' ') {
    const close = line[at] === '"' && isClosed ? closingQuote(line, at) : -1;
    // No later quote ends either.
    if (line[at] === '"' && close < 0) isClosed = false;
    at = close < 0 ? at + 1 : close + 1;
  }
  return at;
}

function closingQuote(line: string, open: number): number {
  let at = open + 1;
  while (at < line.length && line[at] !== '"') at += line[at] === '\\' ? 2 : 1;
  return at < line.length ? at : -1;
}

function checkOnce(key: string, { number }: LogicalLine, lines: Map<string, number>): void {
  const earlier = lines.get(key);
  if (earlier !== undefined) throw new TransportMapError(`line ${number}: "${key}" is already in line ${earlier}`);
  lines.set(key, number);
}

/**
 * Returns the keys for an address, in order: itself, without extension, its domain, each parent with a leading dot,
 * `*`.
 */
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

/** Octets of the text of an ending, which is stored with each delivery that it ends. */
const longestText = 500;

/** error(8), retry(8): a status and a reason; discard(8): a reason. The default reason is the recipient's domain. */
function parseEnding(line: string, kind: 'error' | 'retry' | 'discard', words: string): Entry {
  if (Buffer.byteLength(words) > longestText) {
    throw new TransportMapError(`"${line.slice(0, 100)}...": the reason is longer than ${longestText} octets`);
  }
  if (kind === 'discard') return ending(words, (text) => formatEnding({ kind, text }));
  const wanted = kind === 'error' ? '5' : '4';
  const [, given, rest] = /^(\d\.\d{1,3}\.\d{1,3})(?: (.*))?$/.exec(words) ?? [];
  if (given !== undefined && (!given.startsWith(wanted) || rest === undefined)) {
    throw new TransportMapError(
      `"${line}": after ${kind}: expected a status ${wanted}.x.x and a reason, or only a reason`,
    );
  }
  const status = (given ?? `${wanted}.0.0`) as EnhancedStatus;
  return ending(rest ?? words, (text) => formatEnding({ kind, status, text }));
}

function ending(text: string, format: (text: string) => string): Entry {
  return text === '' ? { kind: 'domain', of: format } : { kind: 'other', destination: format(text) };
}
