/**
 * Measures the queue as metrics at each sweep. The numbers come from the table, because in SQS a message's age begins
 * again with each hop.
 *
 * Waiting deliveries are counted by the index: 100,000 deliveries are some 5,000 read units and some seconds. In a
 * longer queue the measurement stops at its bounds. Then the metrics are lower bounds, as the log says.
 */

import type { Metrics } from '../../metrics/metrics.ts';
import { expiresSoon } from '../items/expiry.ts';
import type { QueueEntry } from '../items/queue-entry.ts';
import { type Services, wallTime } from '../writes/services.ts';

/** Most pages of the index (some 2,000 deliveries each) and records of destinations that are read. */
const most = { pages: 150, records: 2000 } as const;

/** States that are read one by one; active deliveries are counted by another index. */
const states = ['queued', 'deferred', 'held', 'corrupt'] as const;

/** The measurements. Times are milliseconds since 1970. */
interface Measured {
  /** Queued or deferred. */
  waiting: number;
  /** Of these, deliveries that wait only for a full or disabled mailbox. */
  forMailbox: number;
  held: number;
  /** Deliveries whose bodies are gone or were altered. */
  corrupt: number;
  expiringSoon: number;
  /** Arrival of the oldest waiting delivery, by destination. */
  readonly oldest: Map<string, number>;
  /** Destinations with waiting or held mail. */
  readonly withMail: Set<string>;
  /** Whether the measurement stopped at a bound. */
  isCut: boolean;
}

/**
 * Measures the queue.
 *
 * @param mayGoOn called before each page
 */
export async function measureQueue(services: Services, metrics: Metrics, mayGoOn: () => boolean): Promise<void> {
  const now = wallTime(services);
  const measured = await readWaiting(services, now, mayGoOn);
  const active = await services.queries.countActive();
  const dead = await countDead(services, measured);
  const { waiting, forMailbox, held, corrupt, expiringSoon, oldest, isCut } = measured;
  metrics.add('Waiting', waiting + active);
  metrics.add('WaitingForMailbox', forMailbox);
  metrics.add('Held', held);
  metrics.add('CorruptWaiting', corrupt + (await services.queries.countCorruptRequests()));
  metrics.add('ExpiringSoon', expiringSoon);
  metrics.add('DestinationsDead', dead);
  metrics.add('OldestDeferred', 0);
  // No alarm uses this value: CloudWatch fills gaps of a metric, but not of one that never had a value.
  metrics.add('Sent', 0);
  for (const [destination, arrival] of oldest) metrics.add('OldestDeferred', age(arrival, now), destination);
  if (isCut) services.log.note('warn', 'the queue is too long to be measured whole', { waiting, held });
}

async function readWaiting(services: Services, now: number, mayGoOn: () => boolean): Promise<Measured> {
  const { queries, parameters } = services;
  const measured: Measured = {
    ...{ waiting: 0, forMailbox: 0, held: 0, corrupt: 0, expiringSoon: 0, isCut: false },
    ...{ oldest: new Map<string, number>(), withMail: new Set<string>() },
  };
  let next: string | undefined;
  for (let page = 0; page === 0 || next !== undefined; page += 1) {
    if (page === most.pages || !mayGoOn()) {
      measured.isCut = true;
      break;
    }
    const answer = await queries.list({ states }, next);
    for (const entry of answer.entries) {
      const { state, destination, arrival } = entry;
      if (state === 'corrupt') {
        measured.corrupt += 1;
        continue;
      }
      measured.withMail.add(destination);
      if (state === 'held') {
        measured.held += 1;
        continue;
      }
      measured.waiting += 1;
      if (isForMailbox(entry)) measured.forMailbox += 1;
      if (expiresSoon(entry, now, parameters)) measured.expiringSoon += 1;
      measured.oldest.set(destination, Math.min(arrival, measured.oldest.get(destination) ?? arrival));
    }
    next = answer.next;
  }
  return measured;
}

/** Counts suspended destinations with waiting or held mail. */
async function countDead({ destinations }: Services, measured: Measured): Promise<number> {
  const dead = new Set<string>();
  let read = 0;
  for await (const { name, suspension } of destinations.list()) {
    if (read === most.records) {
      measured.isCut = true;
      break;
    }
    read += 1;
    // The name of a mailbox ends with its destination (unit.ts).
    const destination = name.slice(name.lastIndexOf('@') + 1);
    if (suspension !== undefined && measured.withMail.has(destination)) dead.add(destination);
  }
  return dead.size;
}

/** Seconds. */
function age(arrival: number, now: number): number {
  return Math.max(0, Math.round((now - arrival) / 1000));
}

/**
 * Whether all last replies are about mailboxes: full (x.2.2) or disabled (x.2.1). Other statuses of this subject also
 * come from servers in trouble: Dovecot's "Temporary internal error" is 4.2.0.
 */
function isForMailbox({ summary }: QueueEntry): boolean {
  const { replies, moreReplies } = summary;
  return replies.length > 0 && moreReplies === 0 && replies.every(({ dsn }) => /^\d\.2\.[12]$/.test(dsn));
}
