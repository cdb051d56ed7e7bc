/**
 * SQS, SNS and S3 on a free loopback port, by fauxqs 2.4.1, with three corrections:
 *
 * - it listens on 127.0.0.1 only (fauxqs listens on every interface);
 * - one receive from a FIFO queue may return several messages of one group, in order, as SQS does (fauxqs returns one);
 * - a receiver that closes its connection while it waits receives no message (fauxqs would give it the next one, which then stays
 *   in flight until its visibility time-out).
 *
 * The last two depend on internals of fauxqs, so its version is pinned and each names what it depends on.
 *
 * Known gaps: deduplication is by queue even with DeduplicationScope messageGroup; a DelaySeconds above 900 is accepted; the limit
 * of 12 hours of visibility is not enforced; `If-None-Match: *` writes twice; a PutObject is limited to 11 MiB (use a multipart
 * upload for more).
 */
import { buildApp } from 'fauxqs';
import { S3Store } from '../../node_modules/fauxqs/dist/s3/s3Store.js';
import { SnsStore } from '../../node_modules/fauxqs/dist/sns/snsStore.js';
import { type SqsQueue, SqsStore } from '../../node_modules/fauxqs/dist/sqs/sqsStore.js';

/** A running emulator. */
export interface Fauxqs {
  /** `http://127.0.0.1:PORT`, for all three services. */
  readonly endpoint: string;
  /** Returns the messages of a queue without receiving them; undefined if the queue does not exist. */
  inspectQueue(name: string): QueueContent | undefined;
  close(): Promise<void>;
}

/** A message in a queue. */
export interface QueuedMessage {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly groupId: string | undefined;
  readonly receiveCount: number;
}

/** The messages of a queue by visibility. */
export interface QueueContent {
  readonly ready: readonly QueuedMessage[];
  readonly delayed: readonly QueuedMessage[];
  readonly inFlight: readonly QueuedMessage[];
}

/** Starts an emulator; several can run at once in one process. */
export async function startFauxqs(region: string): Promise<Fauxqs> {
  const sqsStore = new SqsStore();
  sqsStore.host = ''; // queue URLs then name the host that the client asked, 127.0.0.1 and the port
  sqsStore.region = region;
  const stores = { sqsStore, snsStore: new SnsStore(), s3Store: new S3Store() };
  giveWholeGroups(sqsStore);
  const app = buildApp({ logger: false, defaultRegion: region, stores });
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) releaseWaiters(sqsStore, request.body);
    });
    done();
  });
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    endpoint,
    inspectQueue: (name) => inspect(sqsStore, name),
    close: () => app.close(),
  };
}

/**
 * Makes every FIFO queue of the store return whole groups ("as many messages with the same message group ID as possible",
 * SQS documentation), and a group's messages always in order, even after several of them became visible again.
 *
 * Depends on `dequeue`, which takes the next message of the first free group and counts a lock for it in `fifoLockedGroups`. The
 * locks of a receive are removed until it has all its messages, so that they affect only other receives.
 */
function giveWholeGroups(store: SqsStore): void {
  const createQueue = store.createQueue.bind(store);
  store.createQueue = (...args) => {
    const queue = createQueue(...args);
    if (!queue.isFifo()) return queue;
    const dequeueOne = queue.dequeue.bind(queue, 1);
    queue.dequeue = (maximum, visibilityTimeout, resolve) => {
      const received: ReturnType<typeof dequeueOne> = [];
      const locks: string[] = [];
      while (received.length < Math.min(maximum, 10)) {
        const [message] = dequeueOne(visibilityTimeout, resolve);
        if (message === undefined) break;
        received.push(message);
        if (visibilityTimeout === 0) break; // it is back already, and would be received again
        const group = queue.inflightMessages.get(message.ReceiptHandle)?.message.messageGroupId;
        if (group === undefined) continue;
        countLock(queue, group, -1);
        locks.push(group);
      }
      for (const group of locks) countLock(queue, group, +1);
      return received;
    };
    const processTimers = queue.processTimers.bind(queue);
    queue.processTimers = () => {
      processTimers();
      restoreOrder(queue);
    };
    return queue;
  };
}

/** Sorts a group. Messages that become visible again are put at its head one by one, so up to ten may be in the wrong order. */
function restoreOrder(queue: SqsQueue): void {
  const place = (message: StoredMessage | undefined) => message?.sequenceNumber ?? '';
  for (const group of queue.fifoMessages.values()) {
    const head = group.slice(0, 11);
    if (head.every((message, index) => index === 0 || place(head[index - 1]) <= place(message))) continue;
    group.sort((one, other) => (place(one) < place(other) ? -1 : 1));
  }
}

function countLock(queue: SqsQueue, group: string, step: number): void {
  const count = (queue.fifoLockedGroups.get(group) ?? 0) + step;
  if (count > 0) queue.fifoLockedGroups.set(group, count);
  else queue.fifoLockedGroups.delete(group);
}

/**
 * Ends all waiting receives of a queue after one of them was interrupted: each looks once more, finds nothing, and returns an empty
 * answer, as SQS may at any time.
 */
function releaseWaiters(store: SqsStore, body: unknown): void {
  if (typeof body !== 'object' || body === null || !('QueueUrl' in body)) return;
  if (typeof body.QueueUrl === 'string') store.getQueue(body.QueueUrl)?.cancelWaiters();
}

function inspect(store: SqsStore, name: string): QueueContent | undefined {
  const content = store.inspectQueue(name)?.messages;
  if (content === undefined) return undefined;
  return {
    ready: content.ready.map(queued),
    delayed: content.delayed.map(queued),
    inFlight: content.inflight.map(({ message }) => queued(message)),
  };
}

type StoredMessage = NonNullable<ReturnType<SqsStore['inspectQueue']>>['messages']['ready'][number];

function queued(message: StoredMessage): QueuedMessage {
  const attributes = Object.entries(message.messageAttributes).map(([name, { StringValue }]) => [
    name,
    StringValue ?? '',
  ]);
  return {
    messageId: message.messageId,
    body: message.body,
    attributes: Object.fromEntries(attributes) as Record<string, string>,
    groupId: message.messageGroupId,
    receiveCount: message.approximateReceiveCount,
  };
}
