/**
 * CloudWatch Logs in memory, on a free loopback port, for the real SDK client: FilterLogEvents over the lines of a local stack's
 * functions.
 *
 * It supports pages and their tokens, time ranges, streams, and AWS's error types. The only filter pattern is
 * `{ ($.field = "text") && ... }`, where `*` matches any text; others are refused.
 */

import { createServer, type IncomingMessage } from 'node:http';
import { type LocalEndpoint, listenLocally } from './calls/local-endpoint.ts';

/** A log that can be read. */
export interface LogEvents extends LocalEndpoint {
  /**
   * Adds a line.
   *
   * @param at milliseconds since 1970; default: now
   */
  add(group: string, stream: string, message: string, at?: number): void;
}

/** Options of `startLogEvents`. */
export interface LogEventsOptions {
  /** Log groups that exist before their first line. */
  readonly groups?: readonly string[];
  /** The most lines of a page. */
  readonly pageSize?: number;
  /** Called for each request; may return an AWS error type to refuse it. */
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

/** AWS's limit. */
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
  // As in AWS, a page limits the lines read, not the lines found.
  const found = all.slice(from, from + pageSize).filter(({ message }) => matches(message));
  return { events: found, ...(from + pageSize < all.length ? { nextToken: String(from + pageSize) } : {}) };
}

/** A test for a pattern; undefined if the pattern is not supported. */
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
