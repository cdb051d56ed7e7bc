/**
 * One answer: is anything lost, or late?
 *
 * Lost is nothing that the table has. What comes nearest to it: a request that could not be used, a recipient of whom nobody
 * knows whether he has the message, an event that nobody was told of, a message in the dead letters. Late is what waits for
 * longer than somebody cares to.
 */

import type { DestinationRecord } from '../queue/items/destination-record.ts';
import { holdsThatLast } from '../queue/items/due.ts';
import { expiresSoon } from '../queue/items/expiry.ts';
import { sweepInterval } from '../queue/items/policy.ts';
import type { Destinations, Ledger } from '../queue/items/ports.ts';
import type { QueueEntry } from '../queue/items/queue-entry.ts';
import { type State, states } from '../queue/items/states.ts';
import { isUnreadable, orUnreadable } from '../queue/items/unreadable-item.ts';
import { wallTime } from '../queue/writes/services.ts';
import { destinationState } from './explain.ts';
import type { OperatorServices } from './operator.ts';
import type { CorruptRequests, QueueDepth, QueueDepths } from './ports.ts';
import { listEntries } from './selection.ts';
import { isUndelivered, waitOf } from './waiting.ts';

/** Milliseconds after which what is overdue says that the sweep does not run, or cannot keep up. */
export const overdueAfter = 2 * sweepInterval;

/** Requests in the corrupt queue that are counted one by one. */
const mostRequests = 10_000;

/** One delivery that stands for others. */
export interface Sample {
  readonly id: string;
  readonly delivery: string;
  /** Milliseconds since 1970: its arrival, or when it fell due. */
  readonly at: number;
}

/** How many there are, and the one that has waited longest. */
export interface Count {
  readonly deliveries: number;
  readonly oldest?: Sample;
}

/** What was found. Times are milliseconds since 1970. */
export interface StatusReport {
  readonly now: number;
  readonly isWell: boolean;
  readonly states: Readonly<Record<State, number>>;
  /** What is still to be delivered (waiting.ts), by arrival. */
  readonly waiting: Count;
  /** Deliveries that are queued with a later time, as after `release --ramp`. */
  readonly queuedForLater: number;
  /** What of it has waited for longer than was cared for. */
  readonly late: Count;
  /** What is returned to its sender within expirySoon. */
  readonly expiring: Count;
  readonly held: Count;
  /** Since when the first of the held deliveries has been held; absent: none is, or its item and its destination do not say it. */
  readonly heldSince?: number;
  /** Recipients who may have their message already. */
  readonly inDoubt: Count & { readonly recipients: number };
  /** What is held because its item is malformed. */
  readonly malformed: Count;
  readonly corrupt: Count;
  readonly corruptRequests: {
    readonly requests: number;
    readonly oldest?: { readonly id: string; readonly at: number };
  };
  readonly suspended: readonly DestinationRecord[];
  readonly heldDestinations: readonly DestinationRecord[];
  /** Replies of theirs were out of step: they get one recipient at a time for a while. */
  readonly cautioned: readonly DestinationRecord[];
  /** The sweep should have seen to it; by the moment at which it fell due. */
  readonly overdue: Count;
  /** Events that should have been published. */
  readonly unpublished: Count;
  readonly deadLetters: readonly QueueDepth[];
  /** Queues that could not be looked into, and why. */
  readonly unreachable: readonly string[];
}

/** How long something may wait. */
export interface StatusWish {
  /** Milliseconds after which mail is late. */
  readonly lateAfter: number;
  /** What is in the queue, where somebody reads it anyway; read here if absent. */
  readonly entries?: AsyncIterable<QueueEntry>;
}

/** What is looked at. */
export interface StatusServices extends Pick<OperatorServices, 'queries' | 'parameters' | 'clock'> {
  readonly ledger: Pick<Ledger, 'findDue' | 'read'>;
  readonly destinations: Pick<Destinations, 'list' | 'read'>;
  readonly corruptRequests: Pick<CorruptRequests, 'list'>;
}

/** Looks at everything. */
export async function assess(
  { lateAfter, entries }: StatusWish,
  services: StatusServices,
  depths: QueueDepths,
  onEntry: (counted: number) => void = () => {},
): Promise<StatusReport> {
  const now = wallTime(services);
  const { awaited, ...queue } = await countQueue(
    entries ?? listEntries({}, services.queries),
    lateAfter,
    now,
    services,
    onEntry,
  );
  const due = await countOverdue(now, services);
  const requests = await countRequests(services);
  const destinations = await troubled(now, awaited, services);
  const found = await depths.read();
  const deadLetters = found.depths.filter(({ kind, messages }) => kind === 'dead letters' && messages > 0);
  const heldSince = await readHeldSince(queue.held, services, now);
  const report = { now, ...queue, ...due, corruptRequests: requests, ...destinations, deadLetters };
  const troubles = [
    report.late,
    report.expiring,
    report.inDoubt,
    report.malformed,
    report.corrupt,
    report.overdue,
    report.unpublished,
  ].some(({ deliveries }) => deliveries > 0);
  const isWell = !troubles && requests.requests === 0 && report.suspended.length === 0 && deadLetters.length === 0;
  return { ...report, isWell, ...(heldSince === undefined ? {} : { heldSince }), unreachable: found.unreachable };
}

/** The index does not say since when a delivery is held: its item does, or the record of its destination. */
async function readHeldSince(
  { oldest }: Count,
  { ledger, destinations }: StatusServices,
  now: number,
): Promise<number | undefined> {
  if (oldest === undefined) return undefined;
  const item = await orUnreadable(ledger.read(oldest));
  if (item === undefined || isUnreadable(item)) return undefined;
  const own = holdsThatLast(item.holds ?? [], now);
  const holds = own.length > 0 ? own : holdsThatLast((await destinations.read(item.destination)).holds, now);
  return holds.length === 0 ? undefined : Math.min(...holds.map(({ since }) => since));
}

/** A count that grows. */
class Counter {
  deliveries = 0;
  oldest: Sample | undefined;

  add({ id, delivery }: Pick<Sample, 'id' | 'delivery'>, at: number): void {
    this.deliveries += 1;
    if (at < (this.oldest?.at ?? Number.POSITIVE_INFINITY)) this.oldest = { id, delivery, at };
  }

  get count(): Count {
    const { deliveries, oldest } = this;
    return oldest === undefined ? { deliveries } : { deliveries, oldest };
  }
}

async function countQueue(
  entries: AsyncIterable<QueueEntry>,
  lateAfter: number,
  now: number,
  { parameters }: StatusServices,
  onEntry: (counted: number) => void,
) {
  const byState = Object.fromEntries(states.map((state) => [state, 0])) as Record<State, number>;
  const malformed = new Counter();
  const [waiting, late, expiring, held, inDoubt, corrupt] = [1, 2, 3, 4, 5, 6].map(() => new Counter()) as [
    Counter,
    Counter,
    Counter,
    Counter,
    Counter,
    Counter,
  ];
  /** Destinations that mail waits for. */
  const awaited = new Set<string>();
  let recipients = 0;
  let queuedForLater = 0;
  let counted = 0;
  for await (const entry of entries) {
    counted += 1;
    onEntry(counted);
    const { state, arrival, summary } = entry;
    byState[state] += 1;
    if (!isUndelivered(state)) {
      corrupt.add(entry, arrival);
      continue;
    }
    waiting.add(entry, arrival);
    awaited.add(entry.destination);
    if (state === 'queued' && waitOf(entry, now) === 'time') queuedForLater += 1;
    if (state === 'held') held.add(entry, arrival);
    if (summary.malformed !== undefined) malformed.add(entry, arrival);
    if (now - arrival > lateAfter) late.add(entry, arrival);
    if (expiresSoon(entry, now, parameters)) expiring.add(entry, arrival);
    if (summary.inDoubt > 0) {
      inDoubt.add(entry, arrival);
      recipients += summary.inDoubt;
    }
  }
  return {
    awaited,
    states: byState,
    waiting: waiting.count,
    queuedForLater,
    late: late.count,
    expiring: expiring.count,
    held: held.count,
    inDoubt: { ...inDoubt.count, recipients },
    malformed: malformed.count,
    corrupt: corrupt.count,
  };
}

/** What the sweep should have seen to. What is queued is due all the time, until there is a place for it. */
async function countOverdue(now: number, { ledger, destinations }: StatusServices) {
  const overdue = new Counter();
  const unpublished = new Counter();
  for await (const due of ledger.findDue(now - overdueAfter)) {
    if (due.state === 'unreadable') overdue.add(due, due.due);
    else if (due.state === 'done' || due.unpublished !== undefined) unpublished.add(due, due.due);
    else if (due.state === 'destination') {
      // One that is being let go is looked at all the time.
      const { release } = await destinations.read(due.destination);
      if (release === undefined) overdue.add(due, due.due);
    } else if (due.state !== 'queued') overdue.add(due, due.due);
  }
  return { overdue: overdue.count, unpublished: unpublished.count };
}

async function countRequests({ corruptRequests }: StatusServices): Promise<StatusReport['corruptRequests']> {
  let requests = 0;
  let oldest: { readonly id: string; readonly at: number } | undefined;
  for await (const { id, at } of corruptRequests.list()) {
    requests += 1;
    if (at < (oldest?.at ?? Number.POSITIVE_INFINITY)) oldest = { id, at };
    if (requests >= mostRequests) break;
  }
  return oldest === undefined ? { requests } : { requests, oldest };
}

/** Destinations that are stopped, or slowed down. A suspension that no mail waits for is in nobody's way: it ends with the next that comes. */
async function troubled(now: number, awaited: ReadonlySet<string>, { destinations }: StatusServices) {
  const suspended: DestinationRecord[] = [];
  const heldDestinations: DestinationRecord[] = [];
  const cautioned: DestinationRecord[] = [];
  for await (const record of destinations.list()) {
    if (destinationState(record, now) === 'held') heldDestinations.push(record);
    else if (record.suspension !== undefined && isAwaited(record, awaited)) suspended.push(record);
    if (record.caution !== undefined && record.caution.until > now) cautioned.push(record);
  }
  return { suspended, heldDestinations, cautioned };
}

/** A mailbox is part of its destination: the name of one ends with that of the other (unit.ts). */
function isAwaited({ name }: DestinationRecord, awaited: ReadonlySet<string>): boolean {
  return awaited.has(name) || [...awaited].some((destination) => name.endsWith(`@${destination}`));
}
