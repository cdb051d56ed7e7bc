/**
 * A queue table with much waiting mail, in its own process: a bad day at forty destinations.
 *
 * Argument: how many deliveries. Reports the environment of the table, and how long writing it took.
 */
import { BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { indexAttributes } from '../../../functions/queue/items/index-attributes.ts';
import type { DeliveryItem, QueuedRecipient } from '../../../functions/queue/items/item.ts';
import { startEmulators } from '../../../infra/local/emulators.ts';
import { makeItem } from '../../support/delivery-item.ts';
import { tellParent } from './child.ts';

/** The message to the parent process. */
export interface FullQueue {
  readonly environment: Readonly<Record<string, string>>;
  readonly seconds: number;
}

const destinations = 40;
const minute = 60_000;
/** Most items of one BatchWriteItem. */
const batchSize = 25;
/** Concurrent batches. */
const together = 8;

const count = Number(process.argv[2] ?? '1000');
const emulators = await startEmulators();
const client = DynamoDBDocumentClient.from(emulators.clients.dynamodb, {
  marshallOptions: { removeUndefinedValues: true },
});
const now = Date.now();
const begun = performance.now();
const batches = Array.from({ length: Math.ceil(count / batchSize) }, (_, n) => n * batchSize).values();
await Promise.all(
  Array.from({ length: together }, async () => {
    for (const first of batches) await write(first, Math.min(count, first + batchSize));
  }),
);
tellParent({
  environment: {
    ...emulators.environment,
    QUEUE_TABLE: emulators.table,
    MESSAGE_BUCKET: emulators.bucket,
    INCOMING_QUEUE_URL: emulators.queues.incoming.url,
    ACTIVE_QUEUE_URL: emulators.queues.active.url,
    DEFERRED_QUEUE_URL: emulators.queues.deferred.url,
    CORRUPT_QUEUE_URL: emulators.queues.corrupt.url,
    BOUNCE_TOPIC_ARN: emulators.bounceTopicArn,
  },
  seconds: (performance.now() - begun) / 1000,
} satisfies FullQueue);
process.on('SIGTERM', () => process.exit(0));

async function write(from: number, to: number): Promise<void> {
  let requests: object[] = Array.from({ length: to - from }, (_, n) => ({ PutRequest: { Item: stored(from + n) } }));
  while (requests.length > 0) {
    const { UnprocessedItems = {} } = await client.send(
      new BatchWriteCommand({ RequestItems: { [emulators.table]: requests as never } }),
    );
    requests = [...(UnprocessedItems[emulators.table] ?? [])];
  }
}

function stored(n: number): Record<string, unknown> {
  const item = waitingItem(n);
  const all = { ...item, ...indexAttributes(item) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
}

/** Most are deferred, some held; one in a hundred is in doubt. Ages are up to two days. */
function waitingItem(n: number): DeliveryItem {
  const destination = `inet:store-${n % destinations}.mail.example:24`;
  const recipients = Array.from({ length: 1 + (n % 3) }, (_, place): QueuedRecipient => {
    const address = `user-${n}-${place}@customer-${n % 997}.example`;
    const text = `host store-${n % destinations}.mail.example[10.0.${n % 4}.7] said: 452 4.2.2 <${address}> Quota exceeded (mailbox for user is full) (in reply to end of DATA command)`;
    const last = { status: 'deferred', dsn: '4.2.2', text, at: now, attempt: 4 } as const;
    return { address, n: place, last: n % 100 === 0 ? { ...last, inDoubt: true } : last };
  });
  const isHeld = n % 33 === 0;
  const hold = { id: 'h', reason: 'INC-4711', by: 'arn:aws:iam::1:user/ann', since: now };
  const { due, ...item } = makeItem({
    id: `bench-${n}`,
    arrival: now - ((n * 7919) % 2880) * minute,
    sender: `sender-${n % 4999}@example.org`,
    state: isHeld ? 'held' : 'deferred',
    attempt: 4,
    destination,
    recipients,
    ...(isHeld ? { holds: [hold] } : {}),
  });
  return isHeld ? item : { ...item, due: now + 60 * minute };
}
