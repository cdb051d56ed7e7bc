/**
 * What "waiting" means, in one place: `queue`, `shape`, `status`, `flush` and the screens go by it.
 */

import type { DeliveryItem } from '../queue/item.ts';
import type { QueueEntry } from '../queue/queue-entry.ts';
import { wallTime } from '../queue/services.ts';
import { type State, states } from '../queue/states.ts';
import type { OperatorServices } from './operator.ts';
import type { Selection } from './selection.ts';

/** What a delivery waits for. */
export type Wait =
  /** Its next attempt, at a time of its own: it is deferred, or queued with a later time, as after `release --ramp`. */
  | 'time'
  /** A place in active: its time has come. */
  | 'place'
  /** The end of its attempt: it is in active, or being delivered. */
  | 'attempt'
  /** An operator, or the end of a hold. */
  | 'release'
  /** An operator who repairs it. */
  | 'repair';

/** What decides it. */
export type Waiter = Pick<QueueEntry, 'state' | 'due'> & Pick<Partial<DeliveryItem>, 'unpublished'>;

/**
 * Returns what a delivery waits for; undefined where it is done.
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

/** Returns when it is attempted next, milliseconds since 1970; undefined: it has no such time. */
export function nextAttempt({ due, unpublished }: Waiter): number | undefined {
  return unpublished === undefined ? due : unpublished.due;
}

/** Whether a delivery in that state is still to be made without a repair: what `shape` counts, and `status` as waiting. */
export function isUndelivered(state: State): boolean {
  const wait = waitOf({ state }, 0);
  return wait !== undefined && wait !== 'repair';
}

/** The states of {@link isUndelivered}. */
export const undelivered: readonly State[] = states.filter(isUndelivered);

/** States in which a delivery may wait for its time: the index finds them. */
const timed = ['deferred', 'queued'] as const satisfies readonly State[];

/**
 * Returns what a flush is for: of what was looked for, the deliveries that wait for their time. Ids, and states that the
 * operator named, are left as they are.
 *
 * @param onPlace hears of each that waits for a place instead: a flush changes nothing about it
 */
export function waitingForTime(
  selection: Selection,
  services: Pick<OperatorServices, 'clock'>,
  onPlace: () => void = () => {},
): Selection {
  if (selection.kind === 'ids' || selection.filter.states !== undefined) return selection;
  const now = wallTime(services);
  return {
    kind: 'filter',
    filter: { ...selection.filter, states: timed },
    isWanted: (waiter) => {
      const wait = waitOf(waiter, now);
      if (wait === 'place') onPlace();
      return wait === 'time';
    },
  };
}
