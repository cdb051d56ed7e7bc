/**
 * A proxy for a local AWS service that records requests and denies those that are not allowed. Other requests pass unchanged; when a
 * client closes its connection, the proxy closes that to the service.
 */
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestOptions,
  type ServerResponse,
  request as startRequest,
} from 'node:http';
import { denialOf } from './denial.ts';
import { type LocalEndpoint, listenLocally } from './local-endpoint.ts';
import { type RecordedRequest, signerOf } from './recorded-request.ts';

export interface RecordingProxyOptions {
  /** Endpoint of the service. */
  readonly endpoint: string;
  /**
   * Called for each request before it is passed on, and again if the answer is 404.
   *
   * @returns why it is denied; undefined if it is allowed
   */
  readonly decide?: ((request: RecordedRequest) => string | undefined) | undefined;
  /** Called for each request when its answer begins. */
  readonly onRequest?: ((request: RecordedRequest) => void) | undefined;
  /** Headers to add to an answer. */
  readonly addHeaders?: (request: RecordedRequest, answer: IncomingMessage) => OutgoingHttpHeaders;
}

/** Starts a proxy on a free loopback port. */
export async function startRecordingProxy(options: RecordingProxyOptions): Promise<LocalEndpoint> {
  const server = createServer((request, response) => {
    void pass(request, response, options).catch(() => response.destroy());
  });
  return await listenLocally(server);
}

async function pass(
  request: IncomingMessage,
  response: ServerResponse,
  { endpoint, decide, onRequest, addHeaders }: RecordingProxyOptions,
): Promise<void> {
  const { method = 'GET', url = '/', headers } = request;
  const signer = signerOf(headers.authorization);
  // The request line of S3 has the operation; its body may be large and is not read.
  const body = signer.service === 's3' ? undefined : await bodyOf(request);
  const asked: RecordedRequest = { ...signer, method, url, headers, body: body?.toString('latin1') ?? '' };
  const refusal = decide?.(asked);
  if (refusal !== undefined) {
    request.resume();
    deny(response, asked, refusal);
    return;
  }
  const { hostname, port } = new URL(endpoint);
  const answer = await forward({ hostname, port, method, path: url, headers }, body ?? request, response);
  const status = answer.statusCode ?? 502;
  const lateRefusal = status === 404 ? decide?.({ ...asked, status }) : undefined;
  if (lateRefusal !== undefined) {
    answer.resume();
    deny(response, asked, lateRefusal);
    return;
  }
  onRequest?.({ ...asked, status });
  response.writeHead(status, { ...answer.headers, ...addHeaders?.(asked, answer) });
  answer.pipe(response);
}

function forward(
  options: RequestOptions,
  body: Buffer | IncomingMessage,
  response: ServerResponse,
): Promise<IncomingMessage> {
  return new Promise((answered, failed) => {
    const request = startRequest(options, answered);
    request.on('error', failed);
    response.once('close', () => {
      if (!response.writableFinished) request.destroy();
    });
    if (Buffer.isBuffer(body)) request.end(body);
    else body.pipe(request);
  });
}

function deny(response: ServerResponse, request: RecordedRequest, why: string): void {
  const { status, headers, body } = denialOf(request, why);
  response.writeHead(status, headers);
  response.end(body);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
