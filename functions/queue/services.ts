/**
 * What the steps of the queue work with: the ports, the parameters, time, and where to log.
 */

import type { Parameters } from '../parameters.ts';
import type { Clock } from '../session/clock.ts';
import type { Cautions } from './cautions.ts';
import type { Log } from './log.ts';
import type { Bodies, CorruptQueue, Events, Ledger, WakeUps } from './ports.ts';

/** Everything a step of the queue may use. */
export interface Services {
  readonly ledger: Ledger;
  readonly wakeUps: WakeUps;
  readonly events: Events;
  readonly bodies: Bodies;
  readonly corrupt: CorruptQueue;
  readonly cautions: Cautions;
  readonly parameters: Parameters;
  /** master.cf service name. */
  readonly transport: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Milliseconds since 1970. */
export function wallTime({ clock }: Pick<Services, 'clock'>): number {
  return clock.now().wall;
}
