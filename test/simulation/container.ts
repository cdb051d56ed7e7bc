/** Containers of a simulation: they run a function, with the services that it keeps between invocations. */
import { Fallbacks } from '../../functions/queue/destinations/fallbacks.ts';
import { Scheduler } from '../../functions/queue/destinations/scheduler.ts';
import type { QueueServices } from '../../functions/queue/destinations/services.ts';
import { Disposal } from '../../functions/queue/writes/disposal.ts';
import { TableWrites } from '../../functions/queue/writes/table-writes.ts';
import type { SharedWorld } from '../support/queue-process.ts';

/** What a simulation needs of a container; a QueueProcess is one that can be disturbed. */
export interface Container {
  readonly services: QueueServices;
  /** Whether it lives. */
  readonly isUsable: boolean;
  /** Makes a call outside its services. */
  step<T>(name: string, act: () => Promise<T>): Promise<T>;
}

/** A container without disturbances, whose calls take no time: a simulation makes millions of them. */
export class CalmProcess implements Container {
  readonly services: QueueServices;
  readonly isUsable = true;

  constructor({ nextCall: _, ledger, spentBodies, sleep, ...shared }: SharedWorld) {
    const { destinations } = ledger;
    this.services = {
      ...shared,
      ledger,
      queries: ledger,
      destinations,
      scheduler: new Scheduler(destinations),
      fallbacks: new Fallbacks(destinations),
      writes: new TableWrites({ sleep, random: shared.random }),
      transport: 'lmtp',
      ...(spentBodies === undefined ? {} : { disposal: new Disposal(spentBodies.bucket, spentBodies.bodies) }),
    };
  }

  step<T>(_name: string, act: () => Promise<T>): Promise<T> {
    return act();
  }
}
