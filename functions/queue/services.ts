/**
 * What the steps of the queue work with: the ports, the parameters, time, and where to log.
 */

import type { DeliveryLine } from '../disposition/delivery-line.ts';
import type { Parameters } from '../parameters.ts';
import type { Clock } from '../session/clock.ts';
import type { Cautions } from './cautions.ts';
import type { Bodies, CorruptQueue, Events, Ledger, WakeUps } from './ports.ts';

/** Where lines go. */
export interface Log {
  /** The delivery log. */
  delivery(line: DeliveryLine): void;
  /** Anything else worth a line; `facts` hold no secrets. */
  note(level: 'info' | 'warn' | 'error', message: string, facts: Readonly<Record<string, unknown>>): void;
}

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
