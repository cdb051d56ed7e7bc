/**
 * The order of the index `waiting`: by destination, state and time. So one query finds the waiting or held deliveries
 * of a destination, or the next ones.
 */

import { hashOf } from '../../request/hash.ts';
import type { DeliveryItem } from './item.ts';
import type { State } from './states.ts';

/** States of waiting deliveries, which the index shows. */
export const waitingStates = ['queued', 'deferred', 'held', 'corrupt'] as const satisfies readonly State[];
export type WaitingState = (typeof waitingStates)[number];

/** Whether the index shows deliveries in that state. */
export function isWaiting(state: State): state is WaitingState {
  return waitingStates.some((waiting) => waiting === state);
}

/** Octets of a destination in a sort key; DynamoDB allows 1024 in total. */
const destinationOctets = 600;

/** Returns the sort key of a delivery. */
export function orderOf({
  destination,
  state,
  attempt,
  arrival,
  due = 0,
}: Pick<DeliveryItem, 'destination' | 'state' | 'attempt' | 'arrival' | 'due'>): string {
  if (state === 'queued') return `${queuedOrder(destination, attempt === 0)}${time(due)}`;
  return `${orderPrefix(destination, state)}${time(arrival)}`;
}

/** Returns the prefix of the sort keys of a destination, or of its deliveries in one state. */
export function orderPrefix(destination: string, state?: State): string {
  const name = Buffer.byteLength(destination) <= destinationOctets ? destination : hashOf(destination);
  return state === undefined ? `${name} ` : `${name} ${state} `;
}

/** Returns the prefix of the sort keys of deliveries that wait for a place in active: never tried, or tried before. */
export function queuedOrder(destination: string, isNew: boolean): string {
  return `${orderPrefix(destination, 'queued')}${isNew ? 'new' : 'old'} `;
}

/** Returns milliseconds since 1970 as text that sorts by time. */
export function time(milliseconds: number): string {
  return String(Math.max(0, Math.trunc(milliseconds))).padStart(15, '0');
}
