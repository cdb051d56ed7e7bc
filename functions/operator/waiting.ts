/**
 * What "waiting" means, in one place: `queue`, `shape`, `status`, `flush` and the screens use it.
 */

import type { DeliveryItem } from '../queue/items/item.ts';
import type { QueueEntry } from '../queue/items/queue-entry.ts';
import { type State, states } from '../queue/items/states.ts';

/** What a delivery waits for. */
export type Wait =
  /** Its due time: it is deferred, or queued for a later time, as after `release --ramp`. */
  | 'time'
  /** A place in active: it is due. */
  | 'place'
  /** The end of its attempt: it is in active, or being delivered. */
  | 'attempt'
  /** An operator, or the end of a hold. */
  | 'release'
  /** An operator who repairs it. */
  | 'repair';

/** The fields that decide what a delivery waits for. */
export type Waiter = Pick<QueueEntry, 'state' | 'due'> & Pick<Partial<DeliveryItem>, 'unpublished'>;

/**
 * Returns what a delivery waits for; undefined if it is done.
 *
 * @param now milliseconds since 1970
 */
export function waitOf(waiter: Waiter, now: number): Wait | undefined {
  switch (waiter.state) {
    case 'deferred':
      return 'time';
    case 'queued':
      return (nextAttempt(waiter) ?? now) > now ? 'time' : 'place';
    case 'active':
    case 'delivering':
      return 'attempt';
    case 'held':
      return 'release';
    case 'corrupt':
      return 'repair';
    case 'done':
      return undefined;
    default:
      return waiter.state satisfies never;
  }
}

/** Returns when its next attempt is due, milliseconds since 1970; undefined if it has no due time. */
export function nextAttempt({ due, unpublished }: Waiter): number | undefined {
  return unpublished === undefined ? due : unpublished.due;
}

/** Whether a delivery in that state is undelivered and needs no repair: what `shape` counts, and `status` as waiting. */
export function isUndelivered(state: State): boolean {
  const wait = waitOf({ state }, 0);
  return wait !== undefined && wait !== 'repair';
}

/** The states of {@link isUndelivered}. */
export const undelivered: readonly State[] = states.filter(isUndelivered);
