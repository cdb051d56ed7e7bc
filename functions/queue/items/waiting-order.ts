/**
 * The order of the index `waiting`: by destination, then by state, then by time. So one query finds what waits for one
 * destination, what of it is held, or whose turn is next.
 */

import { hashOf } from '../../request/hash.ts';
import type { DeliveryItem } from './item.ts';
import type { State } from './states.ts';

/** States in which a delivery stays until somebody does something: those that the index shows. */
export const waitingStates = ['queued', 'deferred', 'held', 'corrupt'] as const satisfies readonly State[];
export type WaitingState = (typeof waitingStates)[number];

/** Whether the index shows deliveries in that state. */
export function isWaiting(state: State): state is WaitingState {
  return waitingStates.some((waiting) => waiting === state);
}

/** Octets of a destination in a sort key, which has 1024 in all. */
const destinationOctets = 600;

/** The sort key of a delivery. */
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

/** What the sort keys of a destination, or of those of its deliveries that are in one state, begin with. */
export function orderPrefix(destination: string, state?: State): string {
  const name = Buffer.byteLength(destination) <= destinationOctets ? destination : hashOf(destination);
  return state === undefined ? `${name} ` : `${name} ${state} `;
}

/** What the sort keys of those begin with that wait for a place in active: never tried, or tried before. */
export function queuedOrder(destination: string, isNew: boolean): string {
  return `${orderPrefix(destination, 'queued')}${isNew ? 'new' : 'old'} `;
}

/** Milliseconds since 1970, written so that they sort. */
export function time(milliseconds: number): string {
  return String(Math.max(0, Math.trunc(milliseconds))).padStart(15, '0');
}
