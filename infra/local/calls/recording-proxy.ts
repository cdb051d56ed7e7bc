/**
 * Stands before a local AWS service and writes down who asked it for what. Requests and answers go through as they are; a
 * client that hangs up is seen to hang up on the other side.
 */
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { type LocalEndpoint, listenLocally } from '../local-endpoint.ts';
import { type RecordedRequest, signerOf } from './recorded-request.ts';

/** Most characters of a body that are kept: requests that name something in their body are small, mail is not. */
const keptBody = 400_000;

export interface RecordingProxyOptions {
  /** Of the service behind. */
  readonly endpoint: string;
  /** Hears of each request once its answer begins. */
  readonly onRequest: (request: RecordedRequest) => void;
  /** Headers to add to an answer. */
  readonly addHeaders?: (request: RecordedRequest, answer: IncomingMessage) => OutgoingHttpHeaders;
}

/** Starts a proxy on a free loopback port. */
export async function startRecordingProxy(options: RecordingProxyOptions): Promise<LocalEndpoint> {
  const server = createServer((request, response) => pass(request, response, options));
  server.keepAliveTimeout = 0;
  return await listenLocally(server);
}

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  { endpoint, onRequest, addHeaders }: RecordingProxyOptions,
): void {
  const { method = 'GET', url = '/', headers } = request;
  const { hostname, port } = new URL(endpoint);
  let body = '';
  request.on('data', (chunk: Buffer) => {
    if (body.length < keptBody) body += chunk.toString('latin1');
  });
  const passedOn = forward({ hostname, port, method, path: url, headers }, (answer) => {
    const status = answer.statusCode ?? 0;
    const recorded = { ...signerOf(headers.authorization), method, url, headers, body, status };
    onRequest(recorded);
    response.writeHead(status, { ...answer.headers, ...addHeaders?.(recorded, answer) });
    answer.pipe(response);
  });
  passedOn.on('error', () => response.destroy());
  response.once('close', () => {
    if (!response.writableFinished) passedOn.destroy();
  });
  request.pipe(passedOn);
}
