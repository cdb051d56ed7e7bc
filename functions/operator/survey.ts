/**
 * Everything that the screens of the dashboard show, from one bounded reading of the queue.
 */

import type { DestinationRecord } from '../queue/items/destination-record.ts';
import type { QueueEntry } from '../queue/items/queue-entry.ts';
import type { State } from '../queue/items/states.ts';
import { waitingStates } from '../queue/items/waiting-order.ts';
import { wallTime } from '../queue/writes/services.ts';
import { BoundedQueries, type Bounds } from './bounded-queries.ts';
import { Causes } from './causes.ts';
import { DestinationTallies, type TroubledDestination } from './destination-tallies.ts';
import type { QueueDepths } from './ports.ts';
import { listEntries } from './selection.ts';
import { Shape } from './shape.ts';
import { assess, type StatusReport, type StatusServices } from './status.ts';
import { isUndelivered } from './waiting.ts';

/** The survey. */
export interface Survey {
  readonly status: StatusReport;
  /** Milliseconds after which mail is late. */
  readonly lateAfter: number;
  /** By destination. */
  readonly shape: Shape;
  readonly causes: Causes;
  /** Destinations with waiting mail, and those that are not open; stopped ones first, then by waiting mail. */
  readonly destinations: readonly TroubledDestination[];
  /** Reading stopped before the end: numbers are lower bounds. */
  readonly isCut: boolean;
  readonly cost: SurveyCost;
}

/** What a survey cost. */
export interface SurveyCost {
  readonly entries: number;
  readonly pages: number;
  /** Read request units of the queue; not those of destinations and corrupt requests, one each. */
  readonly consumed: number;
  readonly milliseconds: number;
}

/** The most records that are read. Each destination and each corrupt request costs one read. */
const most = { destinations: 2000, requests: 200, due: 10_000 } as const;

/** Share of the bounds for mail in active, which is read item by item; waiting mail matters more. */
const activeShare = 0.2;

/** Waiting mail is read first: it says more about trouble than mail in active. */
const order: readonly (readonly State[])[] = [waitingStates, ['active', 'delivering']];

/**
 * Reads the queue and returns a survey of it.
 *
 * @param bounds when to stop reading, for all parts together
 */
export async function survey(
  { lateAfter, bounds }: { readonly lateAfter: number; readonly bounds: Bounds },
  services: StatusServices,
  depths: QueueDepths,
): Promise<Survey> {
  const begun = services.clock.now().monotonic;
  const now = wallTime(services);
  const limits = { isCut: false };
  const limited = <T>(all: AsyncIterable<T>, count: number) => firstOf(all, count, limits);
  const records: DestinationRecord[] = [];
  for await (const record of limited(services.destinations.list(), most.destinations)) records.push(record);

  const [waiting, active] = [1, activeShare].map(
    (share) => new BoundedQueries(services.queries, { ...bounds, units: bounds.units * share }),
  ) as [BoundedQueries, BoundedQueries];
  const shape = new Shape('destination', now);
  const causes = new Causes();
  const tallies = new DestinationTallies(now - lateAfter);
  async function* entries(): AsyncIterable<QueueEntry> {
    for (const [index, queries] of [waiting, active].entries()) {
      for await (const entry of listEntries({ states: order[index] ?? [] }, queries)) {
        if (isUndelivered(entry.state)) {
          for (const counter of [shape, causes, tallies]) counter.add(entry);
        }
        yield entry;
      }
    }
  }
  const bounded: StatusServices = {
    queries: services.queries,
    parameters: services.parameters,
    clock: services.clock,
    ledger: {
      findDue: (before) => limited(services.ledger.findDue(before), most.due),
      read: (key) => services.ledger.read(key),
    },
    destinations: { list: () => asStream(records), read: (name) => services.destinations.read(name) },
    corruptRequests: { list: () => limited(services.corruptRequests.list(), most.requests) },
  };
  const status = await assess({ lateAfter, entries: entries() }, bounded, depths);
  return {
    ...{ status, lateAfter, shape, causes },
    destinations: tallies.with(records, now),
    isCut: limits.isCut || waiting.isCut || active.isCut,
    cost: {
      entries: waiting.entries + active.entries,
      pages: waiting.pages + active.pages,
      consumed: waiting.consumed + active.consumed,
      milliseconds: services.clock.now().monotonic - begun,
    },
  };
}

async function* asStream<T>(all: Iterable<T>): AsyncIterable<T> {
  yield* all;
}

/** Yields the first `count`; notes in `limits` if there are more. */
async function* firstOf<T>(all: AsyncIterable<T>, count: number, limits: { isCut: boolean }): AsyncIterable<T> {
  let left = count;
  for await (const one of all) {
    if (left === 0) {
      limits.isCut = true;
      return;
    }
    left -= 1;
    yield one;
  }
}
