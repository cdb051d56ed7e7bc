/**
 * Lambda's Invoke operation on a free loopback port, for the real SDK client: synchronous invocations of the stack's functions by
 * name. Asynchronous invocations, versions, roles and throttling are not supported.
 */

import { createServer, type IncomingMessage } from 'node:http';
import { type LocalEndpoint, listenLocally } from './calls/local-endpoint.ts';
import type { InvocationResult } from './container.ts';

/** The functions by name. */
export interface Invocable {
  invoke(event: unknown): Promise<InvocationResult>;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Starts the endpoint. */
export async function startLambdaEndpoint(functions: Readonly<Record<string, Invocable>>): Promise<LocalEndpoint> {
  const server = createServer((request, response) => {
    void answer(request, functions).then(({ status, headers, body }) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    });
  });
  return await listenLocally(server);
}

async function answer(request: IncomingMessage, functions: Readonly<Record<string, Invocable>>): Promise<Answer> {
  const [, name] = /^\/2015-03-31\/functions\/([^/?]+)\/invocations$/.exec(request.url ?? '') ?? [];
  const found = name === undefined ? undefined : functions[decodeURIComponent(name).split(':').at(-1) ?? ''];
  if (found === undefined) {
    const body = { Type: 'User', Message: `Function not found: ${name}` };
    return { status: 404, headers: { 'x-amzn-errortype': 'ResourceNotFoundException' }, body };
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const result = await found.invoke(JSON.parse(Buffer.concat(chunks).toString() || '{}'));
  if (result.kind === 'returned') return { status: 200, headers: {}, body: result.value };
  const { errorType, errorMessage, trace } = result;
  return {
    status: 200,
    headers: { 'x-amz-function-error': 'Unhandled' },
    body: { errorType, errorMessage, trace: trace.split('\n') },
  };
}
