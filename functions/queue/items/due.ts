/**
 * When somebody has to look at a delivery that waits.
 */

import type { QueueTimes } from '../../time/backoff.ts';
import { isHeldAtLimitAlone } from './doubt.ts';
import type { DeliveryItem, Hold } from './item.ts';
import { pendingGrace } from './policy.ts';

/** What a transition into a state of waiting says of time. */
export interface DueChanges {
  readonly due: number | null;
  readonly unpublished: NonNullable<DeliveryItem['unpublished']> | null;
}

/**
 * The time of a delivery that waits: where events are pending the sweep has to look earlier, lest nobody published them.
 *
 * @param due when its wait is over, milliseconds since 1970; undefined: nobody knows
 */
export function dueChanges(due: number | undefined, hasPending: boolean, now: number): DueChanges {
  if (!hasPending) return { due: due ?? null, unpublished: null };
  const grace = now + pendingGrace;
  return due === undefined ? { due: grace, unpublished: {} } : { due: Math.min(due, grace), unpublished: { due } };
}

/** When the next of several holds ends, if any does by itself. */
export function nextEnd(holds: readonly Hold[]): number | undefined {
  const ends = holds.flatMap(({ until }) => (until === undefined ? [] : [until]));
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/**
 * When the sweep has to look at a delivery that is held so: when the next hold ends; where the limit of doubt alone holds it, also
 * when its sender is to be warned that it is late.
 */
export function heldDue(
  holds: readonly Hold[],
  { arrival, sender, warned }: Pick<DeliveryItem, 'arrival' | 'sender'> & { readonly warned?: number | undefined },
  now: number,
  { delay_warning_time: delay }: Pick<QueueTimes, 'delay_warning_time'>,
): number | undefined {
  const end = nextEnd(holds);
  const isWarned = !isHeldAtLimitAlone(holds) || delay === 0 || sender === '' || warned !== undefined;
  const warning = arrival + delay;
  return isWarned || warning <= now ? end : Math.min(end ?? warning, warning);
}

/** The holds that have not ended. */
export function holdsThatLast(holds: readonly Hold[], now: number): readonly Hold[] {
  return holds.filter(({ until }) => until === undefined || until > now);
}

/** What withholding a delivery changes: it waits for its destination alone, or for what lies on it itself too. */
export function withholding({ holds = [], pending }: DeliveryItem, now: number): DueChanges {
  return dueChanges(nextEnd(holds), Object.keys(pending).length > 0, now);
}
