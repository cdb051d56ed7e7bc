/**
 * Many containers that share one table, in virtual time: the real scheduler of each, an active queue like
 * that of SQS (one group never twice at once, several messages of a group in one batch), and servers that
 * consist of a duration and a result.
 */

import { type AttemptResult, Scheduler, type SchedulerContext } from '../../functions/queue/destinations/scheduler.ts';
import type { Failure } from '../../functions/queue/destinations/window.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import { MemoryDestinations } from './memory-destinations.ts';
import { TestClock } from './test-clock.ts';

/**
 * The course of a delivery that begins now: how long it takes, and what it shows about its destination;
 * `death`: its worker dies.
 */
export type Server = (
  at: number,
  item: DeliveryItem,
) => { readonly takes: number; readonly experience: AttemptResult | 'death' };

/** The result of one message in active. */
export interface Worked {
  readonly at: number;
  readonly item: DeliveryItem;
  readonly how: 'delivered' | 'failed' | 'suspended' | 'put back' | 'held';
  /** When it may be tried again, if it was put back. */
  readonly until?: number;
}

export interface FleetOptions {
  readonly containers: number;
  readonly server: Server;
  readonly surroundings: Omit<SchedulerContext, 'clock'>;
  /** Called with each finished message. */
  readonly onWorked?: (worked: Worked) => void;
}

/** Messages of a batch, the maximum of SQS. */
const batchSize = 10;

/** Milliseconds after which SQS returns the messages of a dead container. */
const visibilityTimeout = 330_000;

export class ContainerFleet {
  readonly clock = new TestClock();
  readonly destinations = new MemoryDestinations();
  /** Deliveries that reached a server: when they began and ended. */
  readonly deliveries: { readonly begun: number; readonly ended: number; readonly item: DeliveryItem }[] = [];
  readonly worked: Worked[] = [];
  readonly #options: FleetOptions;
  readonly #surroundings: SchedulerContext;
  readonly #groups = new Map<string, DeliveryItem[]>();
  readonly #inFlight = new Set<string>();
  readonly #idle: Scheduler[];
  readonly #agenda: { readonly at: number; readonly act: () => Promise<void> }[] = [];

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#surroundings = { ...options.surroundings, clock: this.clock };
    this.#idle = Array.from({ length: options.containers }, () => new Scheduler(this.destinations));
  }

  /** Sends a delivery to active at some time, with the group that its container chooses then. */
  activateAt(at: number, item: DeliveryItem): void {
    this.at(at, async () => {
      await this.destinations.adjust(item.destination, 1);
      const group = await new Scheduler(this.destinations).group(item, this.#surroundings);
      this.#groups.set(group, [...(this.#groups.get(group) ?? []), { ...item, group }]);
    });
  }

  /** Runs an action at some time. */
  at(at: number, act: () => Promise<void>): void {
    this.#agenda.push({ at: Math.max(at, this.clock.wall), act });
  }

  /** Runs until no work is left, or until a moment. */
  async run(until = Number.POSITIVE_INFINITY): Promise<void> {
    for (;;) {
      this.#poll();
      const next = this.#agenda.reduce((first, other) => (other.at < first.at ? other : first), nothing);
      if (next === nothing || next.at > until) return;
      this.#agenda.splice(this.#agenda.indexOf(next), 1);
      this.clock.advance(Math.max(0, next.at - this.clock.wall));
      await next.act();
    }
  }

  /** Returns the most concurrent deliveries among those that began in a span of time. */
  mostAtOnce(from = 0, until = Number.POSITIVE_INFINITY): number {
    const begun = this.deliveries.filter((one) => one.begun >= from && one.begun < until);
    return Math.max(
      0,
      ...begun.map(({ begun: at }) => begun.filter((one) => one.begun <= at && at < one.ended).length),
    );
  }

  /** Gives batches to idle containers. */
  #poll(): void {
    for (;;) {
      const free = [...this.#groups].filter(([group, items]) => items.length > 0 && !this.#inFlight.has(group));
      const scheduler = free.length === 0 ? undefined : this.#idle.shift();
      if (scheduler === undefined) return;
      const batch: DeliveryItem[] = [];
      for (const [group, items] of free) {
        if (batch.length >= batchSize) break;
        // A batch mixes groups, and may contain several messages of one.
        batch.push(...items.splice(0, Math.min(4, batchSize - batch.length)));
        this.#inFlight.add(group);
      }
      this.#invoke(scheduler, batch);
    }
  }

  /** Lanes run concurrently, one for each concurrency limit. */
  #invoke(scheduler: Scheduler, batch: readonly DeliveryItem[]): void {
    const lanes = [...Map.groupBy(batch, ({ group }) => group.split('#')[0]).values()];
    let running = lanes.length;
    const onEnd = () => {
      running -= 1;
      if (running === 0) this.#idle.push(scheduler);
    };
    for (const items of lanes) this.at(this.clock.wall, () => this.#work(scheduler, items, { onEnd }));
  }

  /** One message after another. */
  async #work(scheduler: Scheduler, batch: readonly DeliveryItem[], lane: Lane): Promise<void> {
    const [item, ...rest] = batch;
    if (item === undefined) {
      lane.onEnd();
      return;
    }
    const goOn = async () => {
      if (!rest.some(({ group }) => group === item.group)) this.#inFlight.delete(item.group);
      await this.#work(scheduler, rest, lane);
    };
    const leaseEnds = this.clock.wall + 120_000;
    const permission =
      lane.failure === undefined
        ? await scheduler.permit(item, leaseEnds, this.#surroundings)
        : ({ kind: 'suspended', failure: lane.failure } as const);
    if (permission.kind !== 'go') {
      const how = permission.kind === 'wait' ? 'put back' : permission.kind;
      await this.#finish(item, how, permission.kind === 'wait' ? permission.until : undefined);
      return await goOn();
    }
    const begun = this.clock.wall;
    const { takes, experience } = this.#options.server(begun, item);
    this.deliveries.push({ begun, ended: begun + takes, item });
    this.at(begun + takes, async () => {
      if (experience === 'death') {
        await this.#abandon([item, ...rest], lane);
        return;
      }
      if (experience.kind === 'failure') lane.failure = experience.failure;
      await scheduler.recordResult(item, experience, permission, this.#surroundings);
      await this.#finish(item, experience.kind === 'success' ? 'delivered' : 'failed');
      await goOn();
    });
  }

  /** Ends a container: its messages return when they are visible again, and another container replaces it. */
  async #abandon(items: readonly DeliveryItem[], lane: Lane): Promise<void> {
    lane.onEnd();
    this.at(this.clock.wall + visibilityTimeout, async () => {
      for (const item of items) {
        this.#inFlight.delete(item.group);
        this.#groups.set(item.group, [item, ...(this.#groups.get(item.group) ?? [])]);
      }
    });
  }

  async #finish(item: DeliveryItem, how: Worked['how'], until?: number): Promise<void> {
    await this.destinations.adjust(item.destination, -1);
    const worked = { at: this.clock.wall, item, how, ...(until === undefined ? {} : { until }) };
    this.worked.push(worked);
    this.#options.onWorked?.(worked);
  }
}

/** The state that deliveries of one lane share. */
interface Lane {
  failure?: Failure;
  readonly onEnd: () => void;
}

const nothing = { at: Number.POSITIVE_INFINITY, act: async () => {} };
