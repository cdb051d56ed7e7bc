/**
 * The screens of the dashboard at a local address: a page that shows the widget as the CloudWatch console does, and invokes the
 * functions of a local stack.
 *
 * Its buttons change the queue. So it listens on loopback only, refuses requests with another Host name (against DNS rebinding), and
 * accepts calls from its own page only.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type LocalEndpoint, listenLocally } from './calls/local-endpoint.ts';
import type { InvocationResult } from './container.ts';

/** The functions that the page may invoke. */
export type ScreenFunctions = Readonly<Record<'showq' | 'postsuper', ScreenFunction>>;

/** One of these functions. */
export interface ScreenFunction {
  /** Its name in the stack. */
  readonly name: string;
  invoke(event: unknown): Promise<InvocationResult>;
}

/** The most octets of a call. */
const longestCall = 100_000;

const files: Readonly<Record<string, readonly [string, string]>> = {
  '/': ['page.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
};

/** Content security policy: the drawn HTML may contain styles, but no scripts, images, frames or other origins. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Serves the screens on a free loopback port. */
export async function serveScreens(functions: ScreenFunctions): Promise<LocalEndpoint> {
  const server = createServer((request, response) => {
    answer(request, response, functions).catch((error: unknown) => refuse(response, 500, String(error)));
  });
  return await listenLocally(server);
}

async function answer(request: IncomingMessage, response: ServerResponse, functions: ScreenFunctions): Promise<void> {
  const { method, url = '' } = request;
  if (!isForUs(request)) return refuse(response, 403, 'these screens are available on this machine only');
  const file = method === 'GET' ? files[url] : undefined;
  if (file !== undefined) {
    const [name, type] = file;
    return send(response, 200, type, readFileSync(join(import.meta.dirname, 'screens', name)));
  }
  if (url !== '/call') return refuse(response, 404, 'not found');
  if (method !== 'POST' || !isFromOurPage(request))
    return refuse(response, 403, 'only the page of these screens may call functions');
  const { endpoint, event } = JSON.parse(await bodyOf(request)) as { endpoint?: unknown; event?: unknown };
  const called = callable(functions, String(endpoint));
  if (called === undefined) return refuse(response, 403, `the page may not call ${JSON.stringify(endpoint)}`);
  const result = await called.invoke(event);
  if (result.kind === 'returned') return send(response, 200, 'application/json', JSON.stringify(result.value));
  refuse(response, 502, `${called.name} failed: ${result.errorType}: ${result.errorMessage}`);
}

/** A function by its ARN or name. */
function callable({ showq, postsuper }: ScreenFunctions, endpoint: string): ScreenFunction | undefined {
  const name = endpoint.split(':').at(-1);
  if (name === 'showq' || name === showq.name) return showq;
  return name === 'postsuper' || name === postsuper.name ? postsuper : undefined;
}

/** Whether a request names this server as its host. Another name shows DNS rebinding by a foreign page. */
function isForUs({ headers, socket }: IncomingMessage): boolean {
  return [`127.0.0.1:${socket.localPort}`, `localhost:${socket.localPort}`].includes(headers.host ?? '');
}

/** Whether a call comes from the page: browsers send its origin, and JSON to another origin only after a preflight. */
function isFromOurPage({ headers }: IncomingMessage): boolean {
  return headers.origin === `http://${headers.host}` && headers['content-type'] === 'application/json';
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of request) {
    octets += (chunk as Buffer).length;
    if (octets > longestCall) throw new Error(`a call may have at most ${longestCall} octets`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

/** Refuses a request, with a JSON body that the page can show. */
function refuse(response: ServerResponse, status: number, text: string): void {
  const escaped = text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  send(response, status, 'application/json', JSON.stringify(`<p>${escaped}</p>`));
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, {
    'content-type': type,
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  response.end(body);
}
