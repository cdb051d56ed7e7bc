/**
 * What the steps of the queue work with: ports, parameters, time and log.
 */

import type { Log } from '../../log/log.ts';
import type { Metrics } from '../../metrics/metrics.ts';
import type { Parameters } from '../../parameters/parameters.ts';
import type { Clock } from '../../time/clock.ts';
import type { Bodies, CorruptQueue, Destinations, Events, Ledger, Queries, WakeUps } from '../items/ports.ts';
import type { Disposal } from './disposal.ts';
import type { TableWrites } from './table-writes.ts';

/** Everything a step of the queue may use. */
export interface Services {
  readonly ledger: Ledger;
  readonly queries: Queries;
  readonly destinations: Destinations;
  readonly wakeUps: WakeUps;
  readonly events: Events;
  readonly bodies: Bodies;
  readonly corrupt: CorruptQueue;
  /** Repeats writes that must not be lost. */
  readonly writes: TableWrites;
  readonly parameters: Parameters;
  /** master.cf service name. */
  readonly transport: string;
  readonly clock: Clock;
  /** A number from 0 up to, not including, 1. */
  readonly random: () => number;
  readonly log: Log;
  /** Absent: metrics are off. */
  readonly metrics?: Metrics;
  /** Absent: bodies are never deleted. */
  readonly disposal?: Disposal;
}

/** Milliseconds since 1970. */
export function wallTime({ clock }: Pick<Services, 'clock'>): number {
  return clock.now().wall;
}
