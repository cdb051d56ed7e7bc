/**
 * CloudWatch Logs in memory, on a free loopback port, for the real SDK client: FilterLogEvents over the lines that the functions of
 * a local stack have written.
 *
 * What counts for a reader is all here: pages and their tokens, spans of time with both ends, streams, AWS's error types. Of filter
 * patterns it knows `{ ($.field = "text") && ... }`, where `*` stands for any text; what else there is, it refuses.
 */

import { createServer, type IncomingMessage } from 'node:http';
import { type LocalEndpoint, listenLocally } from './calls/local-endpoint.ts';

/** A log that can be read. */
export interface LogEvents extends LocalEndpoint {
  /**
   * Keeps a line.
   *
   * @param at milliseconds since 1970; now if absent
   */
  add(group: string, stream: string, message: string, at?: number): void;
}

/** How it is. */
export interface LogEventsOptions {
  /** Groups that are there before anything is written to them. */
  readonly groups?: readonly string[];
  /** Most lines of a page. */
  readonly pageSize?: number;
  /** Hears of each request, and may have it refused with an error type of AWS's. */
  readonly onRequest?: (wanted: Wanted) => string | undefined;
}

/** A request for FilterLogEvents. */
export interface Wanted {
  readonly logGroupName?: string;
  readonly startTime?: number;
  readonly endTime?: number;
  readonly filterPattern?: string;
  readonly nextToken?: string;
}

interface Event {
  readonly eventId: string;
  readonly timestamp: number;
  readonly logStreamName: string;
  readonly message: string;
}

/** As many as AWS gives at most. */
const usualPage = 10_000;

/** Starts it. */
export async function startLogEvents(options: LogEventsOptions = {}): Promise<LogEvents> {
  const { groups: known = [], pageSize = usualPage, onRequest } = options;
  const groups = new Map<string, Event[]>(known.map((name) => [name, []]));
  let count = 0;
  const server = createServer(async (request, response) => {
    const target = request.headers['x-amz-target'];
    const wanted = JSON.parse(await bodyOf(request)) as Wanted;
    const refusal = target === 'Logs_20140328.FilterLogEvents' ? onRequest?.(wanted) : 'UnknownOperationException';
    const answer = refusal === undefined ? filter(groups, wanted, pageSize) : { __type: refusal, message: 'not now' };
    response
      .writeHead('__type' in answer ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' })
      .end(JSON.stringify(answer));
  });
  const endpoint = await listenLocally(server);
  return {
    ...endpoint,
    add: (group, logStreamName, message, timestamp = Date.now()) => {
      count += 1;
      const events = groups.get(group) ?? [];
      groups.set(group, events);
      events.push({ eventId: String(count).padStart(56, '0'), timestamp, logStreamName, message });
    },
  };
}

function filter(groups: ReadonlyMap<string, readonly Event[]>, wanted: Wanted, pageSize: number): object {
  const { logGroupName = '', startTime = 0, endTime = Number.POSITIVE_INFINITY, filterPattern, nextToken } = wanted;
  const events = groups.get(logGroupName);
  if (events === undefined) {
    return { __type: 'ResourceNotFoundException', message: 'The specified log group does not exist.' };
  }
  const matches = matcher(filterPattern);
  if (matches === undefined) return { __type: 'InvalidParameterException', message: 'Invalid filter pattern' };
  const all = events
    .filter(({ timestamp }) => timestamp >= startTime && timestamp <= endTime)
    .toSorted((one, other) => one.timestamp - other.timestamp);
  const from = Number(nextToken ?? 0);
  // As AWS does: a page is so much that was looked at, whatever was found in it.
  const found = all.slice(from, from + pageSize).filter(({ message }) => matches(message));
  return { events: found, ...(from + pageSize < all.length ? { nextToken: String(from + pageSize) } : {}) };
}

/** What a pattern selects; nothing where it is not understood. */
function matcher(pattern = ''): ((message: string) => boolean) | undefined {
  if (pattern === '') return () => true;
  const [, terms] = /^\{ (.+) \}$/.exec(pattern) ?? [];
  const wanted = terms?.split(' && ').map((term) => /^\(\$\.(\w+) = "([^"]*)"\)$/.exec(term));
  if (wanted === undefined || wanted.includes(null)) return undefined;
  const fields = wanted.map((term) => [term?.[1] ?? '', patternOf(term?.[2] ?? '')] as const);
  return (message) => {
    const line = parse(message);
    return fields.every(([field, text]) => typeof line[field] === 'string' && text.test(line[field]));
  };
}

function patternOf(text: string): RegExp {
  return new RegExp(`^${text.split('*').map(RegExp.escape).join('.*')}$`, 's');
}

function parse(message: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(message);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8') || '{}';
}
