/** QueueServices for a single step of the queue: everything in memory, with a record of what was sent. */

import type { DeliveryLine } from '../../functions/log/delivery-line.ts';
import { type Parameters, parseParameters } from '../../functions/parameters/parameters.ts';
import { Fallbacks } from '../../functions/queue/destinations/fallbacks.ts';
import { Scheduler } from '../../functions/queue/destinations/scheduler.ts';
import type { QueueServices } from '../../functions/queue/destinations/services.ts';
import type { QueueEvent } from '../../functions/queue/items/event.ts';
import type { CorruptNotice } from '../../functions/queue/items/ports.ts';
import { TableWrites } from '../../functions/queue/writes/table-writes.ts';
import { MemoryBodies } from './memory-bodies.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { MemoryMetrics } from './memory-metrics.ts';
import { TestClock } from './test-clock.ts';

/** QueueServices, and a record of their use. */
export interface CapturingServices extends QueueServices {
  readonly ledger: MemoryLedger;
  readonly bodies: MemoryBodies;
  readonly clock: TestClock;
  readonly metrics: MemoryMetrics;
  /** `id/delivery generation`, with the mark of a copy. */
  readonly activated: string[];
  /** The same, with the delay in milliseconds. */
  readonly woken: (readonly [string, number])[];
  readonly published: QueueEvent[];
  readonly notices: CorruptNotice[];
  readonly lines: DeliveryLine[];
  readonly notes: string[];
}

/** Makes services. */
export function captureServices(values: Readonly<Record<string, string>> = {}): CapturingServices {
  const parameters: Parameters = parseParameters(values);
  const captured: Pick<CapturingServices, 'activated' | 'woken' | 'published' | 'notices' | 'lines' | 'notes'> = {
    activated: [],
    woken: [],
    published: [],
    notices: [],
    lines: [],
    notes: [],
  };
  const ledger = new MemoryLedger();
  const clock = new TestClock();
  return {
    ...captured,
    ledger,
    bodies: new MemoryBodies(),
    clock,
    writes: new TableWrites({ sleep: async (milliseconds) => clock.advance(milliseconds), random: () => 0 }),
    metrics: new MemoryMetrics(),
    parameters,
    transport: 'lmtp',
    wakeUps: {
      activate: async ({ id, delivery, generation }, copy) => {
        captured.activated.push(`${id}/${delivery} ${generation}${copy === undefined ? '' : ` ${copy}`}`);
      },
      wake: async ({ id, delivery, generation }, delay) => {
        captured.woken.push([`${id}/${delivery} ${generation}`, delay]);
      },
    },
    events: { publish: async (event) => void captured.published.push(event) },
    corrupt: { file: async (notice) => void captured.notices.push(notice) },
    queries: ledger,
    destinations: ledger.destinations,
    scheduler: new Scheduler(ledger.destinations),
    fallbacks: new Fallbacks(ledger.destinations),
    random: () => 0,
    log: {
      delivery: (line) => captured.lines.push(line),
      note: (level, message) => captured.notes.push(`${level}: ${message}`),
    },
  };
}
