/**
 * A proxy for the local DynamoDB that measures the capacity of the functions. Reads are as dynalite counts
 * them. Writes are computed from the items before and after, indexes included, which dynalite does not count;
 * writes to one item are serialised for that.
 */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type LocalEndpoint, listenLocally } from '../../../infra/local/calls/local-endpoint.ts';
import { signerOf } from '../../../infra/local/calls/recorded-request.ts';
import { type Item, writeUnits } from '../../support/item-size.ts';

/** What a request consumed. */
export interface Metered {
  /** The function that sent the request. */
  readonly caller: string;
  readonly operation: string;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Consumed by the indexes, apart from the table. */
  readonly indexUnits: number;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Body {
  readonly TableName: string;
  readonly Key?: Item;
  readonly Item?: Item;
}

/**
 * Starts a meter.
 *
 * @param endpoint of the table; read when the first request arrives
 */
export async function startCapacityMeter(
  endpoint: () => string,
  onRequest: (metered: Metered) => void,
): Promise<LocalEndpoint> {
  const queues = new Map<string, Promise<unknown>>();

  const send = async (headers: IncomingHttpHeaders, operation: string, body: object): Promise<Answer> => {
    const names = ['authorization', 'content-type', 'x-amz-date'];
    const signed = Object.fromEntries(names.map((name) => [name, String(headers[name] ?? '')]));
    const kept = { ...signed, 'x-amz-target': `DynamoDB_20120810.${operation}` };
    const answer = await fetch(endpoint(), { method: 'POST', headers: kept, body: JSON.stringify(body) });
    return { status: answer.status, body: await answer.text() };
  };

  async function write(headers: IncomingHttpHeaders, operation: string, body: Body) {
    const { id, delivery } = { ...body.Item, ...body.Key };
    const Key = { id, delivery };
    const look = async () => {
      const { body: found } = await send(headers, 'GetItem', { TableName: body.TableName, Key, ConsistentRead: true });
      return (JSON.parse(found) as { readonly Item?: Item }).Item;
    };
    const before = await look();
    const answer = await send(headers, operation, body);
    const after = answer.status === 200 ? await look() : before;
    return { answer, ...writeUnits(before, after) };
  }

  const server = createServer(async (request, response) => {
    const { headers } = request;
    const operation = String(headers['x-amz-target']).split('.')[1] ?? '';
    const body = JSON.parse((await buffer(request)).toString()) as Body;
    const { caller } = signerOf(headers.authorization);
    let answer: Answer;
    if (/^(?:Put|Update|Delete)Item$/.test(operation)) {
      const { id, delivery } = { ...body.Item, ...body.Key };
      const key = JSON.stringify([id, delivery]);
      const turn = (queues.get(key) ?? Promise.resolve()).then(() => write(headers, operation, body));
      queues.set(key, turn);
      const { table, indexes, ...written } = await turn;
      answer = written.answer;
      onRequest({ caller, operation, readUnits: 0, writeUnits: table, indexUnits: indexes });
    } else {
      answer = await send(headers, operation, { ...body, ReturnConsumedCapacity: 'TOTAL' });
      onRequest({ caller, operation, readUnits: consumed(answer), writeUnits: 0, indexUnits: 0 });
    }
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' }).end(answer.body);
  });
  return await listenLocally(server);
}

function consumed({ status, body }: Answer): number {
  if (status !== 200) return 0;
  const { ConsumedCapacity = [] } = JSON.parse(body) as { readonly ConsumedCapacity?: unknown };
  return [ConsumedCapacity]
    .flat()
    .reduce<number>((sum, one) => sum + ((one as { readonly CapacityUnits?: number }).CapacityUnits ?? 0), 0);
}
