/**
 * A table whose endpoint refuses calls, as DynamoDB does without capacity: an HTTP server in front of another
 * one.
 */
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type HttpStub, startHttpStub } from './http-stub.ts';

/** A call to the table. */
export interface TableCall {
  /** `GetItem`, `UpdateItem`, ... */
  readonly operation: string;
  /** Access key of the caller: in the local stack the name of its function. */
  readonly caller: string;
}

/** The endpoint. */
export interface ThrottlingTable extends HttpStub {
  /** Where other calls go; must be set before the first one. */
  target: string;
  /** Whether a call is refused; none by default. */
  isRefused: (call: TableCall) => boolean;
  /** How many were refused. */
  readonly refused: number;
}

/** Starts the endpoint on a free port. */
export async function startThrottlingTable(): Promise<ThrottlingTable> {
  const state = { target: '', isRefused: (_: TableCall): boolean => false, refused: 0 };
  const stub = await startHttpStub((incoming, response) => {
    void (async () => {
      const body = await buffer(incoming);
      if (state.isRefused(callOf(incoming))) {
        state.refused += 1;
        refuse(response);
      } else forward(incoming, body, state.target, response);
    })();
  });
  return Object.assign(state, stub);
}

function callOf({ headers }: IncomingMessage): TableCall {
  const [, operation = ''] = /\.(\w+)$/.exec(String(headers['x-amz-target'])) ?? [];
  const [, caller = ''] = /Credential=([^/]+)\//.exec(headers.authorization ?? '') ?? [];
  return { operation, caller };
}

function refuse(response: ServerResponse): void {
  response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
  response.end(
    JSON.stringify({
      __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
      message: 'The level of configured provisioned throughput for the table was exceeded.',
    }),
  );
}

function forward(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  target: string,
  response: ServerResponse,
): void {
  const onward = request(new URL(url ?? '/', target), { ...(method && { method }), headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  onward.end(body);
}
