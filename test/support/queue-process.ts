/** A process of the queue in a test: services with interference at every call, and a separate agent. */

import { type Agent, makeAgent, timeLimits } from '../../functions/delivery/agent.ts';
import { deliver } from '../../functions/delivery/deliver.ts';
import type { Metrics } from '../../functions/metrics/metrics.ts';
import type { Parameters } from '../../functions/parameters/parameters.ts';
import { Fallbacks } from '../../functions/queue/destinations/fallbacks.ts';
import { Scheduler } from '../../functions/queue/destinations/scheduler.ts';
import type { QueueServices } from '../../functions/queue/destinations/services.ts';
import type { Destinations, Ledger, Queries, SpentBodies } from '../../functions/queue/items/ports.ts';
import type { Deliver } from '../../functions/queue/work/worker.ts';
import { Disposal } from '../../functions/queue/writes/disposal.ts';
import { type Sleep, TableWrites } from '../../functions/queue/writes/table-writes.ts';
import { noDeadline } from '../../functions/session/limit.ts';
import type { Clock } from '../../functions/time/clock.ts';

/** A call of a process to a service. */
export interface PortCall {
  /** Number of the call, from 0, over all processes of a world. */
  readonly n: number;
  /** `ledger.claim`, `wakeUps.activate`, ... */
  readonly name: string;
  readonly process: QueueProcess;
}

/** Carries a call out, or does something else in its place, before it or after it. */
export type Interference = (call: PortCall, act: () => Promise<unknown>) => Promise<unknown>;

/** Thrown by every call of a dead process. */
export class Dead extends Error {
  override readonly name = 'Dead';
}

/** The world as its processes share it. */
export interface SharedWorld extends Pick<QueueServices, 'wakeUps' | 'events' | 'bodies' | 'corrupt' | 'log'> {
  readonly ledger: Ledger & Queries & { readonly destinations: Destinations };
  readonly parameters: Parameters;
  readonly clock: Clock;
  readonly metrics?: Metrics;
  /** Absent: bodies stay. */
  readonly spentBodies?: { readonly bucket: string; readonly bodies: SpentBodies };
  readonly random: () => number;
  /** Advances the world's clock. */
  readonly sleep: Sleep;
  nextCall(): number;
}

/** One process: its calls go through {@link step}. */
export class QueueProcess {
  readonly services: QueueServices;
  readonly agent: Agent;
  readonly deliver: Deliver = (delivery, given) => deliver(delivery, this.agent, given);
  readonly #world: SharedWorld;
  readonly #interfere: Interference;
  readonly #metrics: Metrics;
  readonly #abandoned = Promise.withResolvers<void>();
  #fate: 'alive' | 'dead' | 'hung' = 'alive';

  constructor(world: SharedWorld, interfere: Interference) {
    this.#world = world;
    this.#interfere = interfere;
    this.#metrics = { add: (...value) => this.#fate !== 'dead' && world.metrics?.add(...value) };
    this.agent = makeAgent(world.parameters, { clock: world.clock, metrics: this.#metrics });
    this.services = this.#makeServices();
  }

  /** Whether it can serve. */
  get isUsable(): boolean {
    return this.#fate === 'alive';
  }

  /** Settles when the wait for it is over. */
  get abandoned(): Promise<void> {
    return this.#abandoned.promise;
  }

  /** From now on it reaches no service, and logs nothing. */
  die(): void {
    this.#fate = 'dead';
  }

  /** It does not return from its current call; perhaps later. */
  hang(): void {
    this.#fate = 'hung';
    this.#abandoned.resolve();
  }

  /** Makes a call to a service. */
  async step<T>(name: string, act: () => Promise<T>): Promise<T> {
    if (this.#fate === 'dead') throw new Dead(name);
    return (await this.#interfere({ n: this.#world.nextCall(), name, process: this }, act)) as T;
  }

  /** Ends its idle sessions. */
  async close(): Promise<void> {
    await this.agent.sessions.close({ limits: timeLimits(this.agent, noDeadline) });
  }

  #makeServices(): QueueServices {
    const { ledger, wakeUps, events, bodies, corrupt, log, parameters, clock } = this.#world;
    const step = this.step.bind(this);
    const destinations = this.#makeDestinations();
    return {
      ledger: {
        read: (key) => step('ledger.read', () => ledger.read(key)),
        readAll: (id) => step('ledger.readAll', () => ledger.readAll(id)),
        async *readBack(id) {
          yield* await step('ledger.readBack', () => Array.fromAsync(ledger.readBack(id)));
        },
        admit: (item) => step('ledger.admit', () => ledger.admit(item)),
        move: (name, seen, changes, by) => step(`ledger.${name}`, () => ledger.move(name, seen, changes, by)),
        forgetPending: (item, ids) => step('ledger.forgetPending', () => ledger.forgetPending(item, ids)),
        overwrite: (seen, changes) => step('ledger.overwrite', () => ledger.overwrite(seen, changes)),
        async *findDue(before) {
          yield* await step('ledger.findDue', () => Array.fromAsync(ledger.findDue(before)));
        },
      },
      wakeUps: {
        activate: (item, copy) => step('wakeUps.activate', () => wakeUps.activate(item, copy)),
        wake: (wakeUp, delay) => step('wakeUps.wake', () => wakeUps.wake(wakeUp, delay)),
      },
      events: { publish: (event) => step('events.publish', () => events.publish(event)) },
      bodies: {
        pin: (message) => step('bodies.pin', () => bodies.pin(message)),
        load: (message) => step('bodies.load', () => bodies.load(message)),
      },
      corrupt: { file: (notice) => step('corrupt.file', () => corrupt.file(notice)) },
      queries: {
        list: (filter, from) => step('queries.list', () => ledger.list(filter, from)),
        findQueued: (destination, wanted) => step('queries.findQueued', () => ledger.findQueued(destination, wanted)),
        countActive: (destination) => step('queries.countActive', () => ledger.countActive(destination)),
        countCorruptRequests: () => step('queries.countCorruptRequests', () => ledger.countCorruptRequests()),
      },
      destinations,
      scheduler: new Scheduler(destinations),
      fallbacks: new Fallbacks(destinations),
      writes: new TableWrites({ sleep: this.#world.sleep, random: this.#world.random }),
      log: {
        delivery: (line) => this.#fate !== 'dead' && log.delivery(line),
        note: (...note) => this.#fate !== 'dead' && log.note(...note),
      },
      parameters,
      clock,
      metrics: this.#metrics,
      random: this.#world.random,
      transport: 'lmtp',
      ...this.#makeDisposal(),
    };
  }

  #makeDisposal(): Pick<QueueServices, 'disposal'> {
    const { spentBodies } = this.#world;
    if (spentBodies === undefined) return {};
    const { bucket, bodies } = spentBodies;
    const discard: SpentBodies['discard'] = (message) => this.step('bodies.discard', () => bodies.discard(message));
    return { disposal: new Disposal(bucket, { discard }) };
  }

  #makeDestinations(): Destinations {
    const { destinations } = this.#world.ledger;
    const step = this.step.bind(this);
    return {
      read: (name) => step('destinations.read', () => destinations.read(name)),
      write: (record) => step('destinations.write', () => destinations.write(record)),
      occupy: (name, places, limit) => step('destinations.occupy', () => destinations.occupy(name, places, limit)),
      vacate: (name, places) => step('destinations.vacate', () => destinations.vacate(name, places)),
      adjust: (name, difference) => step('destinations.adjust', () => destinations.adjust(name, difference)),
      recordBacklog: (name, at) => step('destinations.recordBacklog', () => destinations.recordBacklog(name, at)),
      forgetBacklog: (name, seen) => step('destinations.forgetBacklog', () => destinations.forgetBacklog(name, seen)),
      async *list() {
        yield* await step('destinations.list', () => Array.fromAsync(destinations.list()));
      },
    };
  }
}
