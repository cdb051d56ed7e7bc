/** Common parts of the stories on the local stack: submit mail, and read its outcome. */

import { DynamoDbLedger } from '../../functions/aws/dynamodb-ledger.ts';
import type { DeliveryLine } from '../../functions/log/delivery-line.ts';
import type { QueueEvent } from '../../functions/queue/items/event.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import { readable } from '../../functions/queue/items/unreadable-item.ts';
import type { LocalStack } from '../../infra/local/stack.ts';
import { type Patience, waitUntil } from './wait-until.ts';

/** How long a story waits: busy machines are slow. */
export const patience = { within: 60_000 } as const satisfies Patience;

/** A small message. */
export const smallMessage = 'From: alice@example.org\r\nSubject: x\r\n\r\nhello\r\n';

/** A request; missing fields are filled in. */
export interface StoryRequest {
  readonly id: string;
  readonly recipients: readonly (string | object)[];
  readonly [field: string]: unknown;
}

/** Writes a body and completes the request for it. */
export async function prepareMail(stack: LocalStack, request: StoryRequest, body: string | Buffer = smallMessage) {
  const message = await stack.putMessage(`in/${request.id}.eml`, body);
  return { version: 1, sender: 'alice@example.org', message, ...request };
}

/** Submits mail; resolves to the id of the SQS message. */
export async function submitMail(
  stack: LocalStack,
  request: StoryRequest,
  body: string | Buffer = smallMessage,
): Promise<string> {
  return await stack.submit(await prepareMail(stack, request, body));
}

/** The lines of a request in the delivery log, so far. */
export function linesOf(stack: LocalStack, id: string): readonly DeliveryLine[] {
  return stack.deliveries.items.filter((line) => line.id === id) as readonly DeliveryLine[];
}

/** Waits until a request has so many lines in the delivery log. */
export async function awaitLines(
  stack: LocalStack,
  id: string,
  count: number,
  milliseconds: number = patience.within,
): Promise<readonly DeliveryLine[]> {
  const isEnough = () => linesOf(stack, id).length >= count;
  await stack.deliveries.waitUntil(isEnough, milliseconds).catch((cause: unknown) => {
    const log = stack.log.items.map(({ functionName, line }) => `${functionName}: ${line}`).join('\n');
    throw new Error(`${id} has ${linesOf(stack, id).length} lines of ${count}; the log says\n${log}`, { cause });
  });
  return linesOf(stack, id);
}

/** Waits for an event about a request. */
export async function awaitEvent(stack: LocalStack, id: string): Promise<QueueEvent> {
  const { message } = await stack.events.waitFor(
    ({ message }) => (message as QueueEvent).lmtp.id === id,
    patience.within,
  );
  return message as QueueEvent;
}

/** The deliveries of a request, from the table. */
export async function itemsOf(stack: LocalStack, id: string): Promise<readonly DeliveryItem[]> {
  return readable(await new DynamoDbLedger(stack.clients.documents, stack.outputs.QueueTableName).readAll(id));
}

/** Waits until every delivery of a request is in a state. */
export async function awaitState(stack: LocalStack, id: string, wanted: string): Promise<readonly DeliveryItem[]> {
  const look = async () => {
    const items = await itemsOf(stack, id);
    return items.length > 0 && items.every(({ state }) => state === wanted) && items;
  };
  return await waitUntil(`${id} is ${wanted}`, look, patience);
}
