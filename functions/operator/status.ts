/**
 * The answer of `status`: is any mail lost or late?
 *
 * Mail in the table is not lost. The report lists what needs attention: corrupt requests, recipients in doubt, unpublished events,
 * messages in dead-letter queues, and mail that has waited longer than the operator's limit.
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

/** Milliseconds after which overdue items show that the sweep does not run, or cannot keep up. */
export const overdueAfter = 2 * sweepInterval;

/** The most corrupt requests that are counted. */
const mostRequests = 10_000;

/** One delivery as an example. */
export interface Sample {
  readonly id: string;
  readonly delivery: string;
  /** Milliseconds since 1970: its arrival, or when it fell due. */
  readonly at: number;
}

/** A number of deliveries, and the one that has waited longest. */
export interface Count {
  readonly deliveries: number;
  readonly oldest?: Sample;
}

/** The report. Times are milliseconds since 1970. */
export interface StatusReport {
  readonly now: number;
  readonly isWell: boolean;
  readonly states: Readonly<Record<State, number>>;
  /** Undelivered mail (waiting.ts). */
  readonly waiting: Count;
  /** Deliveries that are queued for a later time, as after `release --ramp`. */
  readonly queuedForLater: number;
  /** Mail that has waited longer than the limit, without {@link dropping}. */
  readonly late: Count;
  /** Mail that is returned to its sender within expirySoon, unless delivered. */
  readonly expiring: Count;
  readonly held: Count;
  /** Held mail that is dropped when its hold ends, unless it is released; `oldest` is the first to be dropped, and when. */
  readonly dropping: Count;
  /** Since when the oldest held delivery is held; absent if none is, or if its item and its destination do not record it. */
  readonly heldSince?: number;
  /** Recipients that may have the message already. */
  readonly inDoubt: Count & { readonly recipients: number };
  /** Deliveries held because their items are malformed. */
  readonly malformed: Count;
  readonly corrupt: Count;
  readonly corruptRequests: {
    readonly requests: number;
    readonly oldest?: { readonly id: string; readonly at: number };
  };
  readonly suspended: readonly DestinationRecord[];
  readonly heldDestinations: readonly DestinationRecord[];
  /** Destinations that get one recipient at a time, because their replies were out of step. */
  readonly cautioned: readonly DestinationRecord[];
  /** Items that the sweep should have handled; `at` is when they fell due. */
  readonly overdue: Count;
  /** Events that should have been published. */
  readonly unpublished: Count;
  readonly deadLetters: readonly QueueDepth[];
  /** Queues that could not be read, and why. */
  readonly unreachable: readonly string[];
}

/** What the report depends on. */
export interface StatusSpec {
  /** Milliseconds after which mail is late. */
  readonly lateAfter: number;
  /** The entries of the queue, if the caller reads them; read from the index if absent. */
  readonly entries?: AsyncIterable<QueueEntry>;
}

/** The services that a report reads. */
export interface StatusServices extends Pick<OperatorServices, 'queries' | 'parameters' | 'clock'> {
  readonly ledger: Pick<Ledger, 'findDue' | 'read'>;
  readonly destinations: Pick<Destinations, 'list' | 'read'>;
  readonly corruptRequests: Pick<CorruptRequests, 'list'>;
}

/** Reads the queue, the destinations and the depths, and returns the report. */
export async function assess(
  { lateAfter, entries }: StatusSpec,
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

/** Since when a delivery is held. The index does not have it; its item does, or the record of its destination. */
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
  const dropping = new Counter();
  const [waiting, late, expiring, held, inDoubt, corrupt] = [1, 2, 3, 4, 5, 6].map(() => new Counter()) as [
    Counter,
    Counter,
    Counter,
    Counter,
    Counter,
    Counter,
  ];
  /** Destinations with waiting mail. */
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
    // Mail that is held for some days and then dropped waits on purpose.
    const isDropping = summary.drops === true;
    if (isDropping) dropping.add(entry, entry.due ?? now);
    else if (now - arrival > lateAfter) late.add(entry, arrival);
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
    dropping: dropping.count,
    inDoubt: { ...inDoubt.count, recipients },
    malformed: malformed.count,
    corrupt: corrupt.count,
  };
}

/** Counts what the sweep should have handled. Queued deliveries do not count: they are due until a place in active is free. */
async function countOverdue(now: number, { ledger, destinations }: StatusServices) {
  const overdue = new Counter();
  const unpublished = new Counter();
  for await (const due of ledger.findDue(now - overdueAfter)) {
    if (due.state === 'unreadable') overdue.add(due, due.due);
    else if (due.state === 'done' || due.unpublished !== undefined) unpublished.add(due, due.due);
    else if (due.state === 'destination') {
      // The sweep returns to a destination again and again while its mail is released.
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

/** Finds stopped and slowed destinations. A suspension without waiting mail does not count: it ends with the next delivery. */
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

/** Whether mail waits for a destination or mailbox. The name of a mailbox ends with that of its destination (unit.ts). */
function isAwaited({ name }: DestinationRecord, awaited: ReadonlySet<string>): boolean {
  return awaited.has(name) || [...awaited].some((destination) => name.endsWith(`@${destination}`));
}
