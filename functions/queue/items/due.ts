/**
 * When the sweep must look at a waiting delivery.
 */

import type { QueueTimes } from '../../time/backoff.ts';
import { isHeldAtLimitAlone } from './doubt.ts';
import type { DeliveryItem, Hold } from './item.ts';
import { pendingGrace } from './policy.ts';

/** The times that a transition into a waiting state writes. */
export interface DueChanges {
  readonly due: number | null;
  readonly unpublished: NonNullable<DeliveryItem['unpublished']> | null;
}

/**
 * Returns the times of a waiting delivery. With pending events the sweep looks earlier, in case they were not
 * published.
 *
 * @param due when its wait ends, milliseconds since 1970; undefined: unknown
 */
export function dueChanges(due: number | undefined, hasPending: boolean, now: number): DueChanges {
  if (!hasPending) return { due: due ?? null, unpublished: null };
  const grace = now + pendingGrace;
  return due === undefined ? { due: grace, unpublished: {} } : { due: Math.min(due, grace), unpublished: { due } };
}

/** Returns when the first of several holds ends; undefined if none has an end. */
export function nextEnd(holds: readonly Hold[]): number | undefined {
  const ends = holds.flatMap(({ until }) => (until === undefined ? [] : [until]));
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/**
 * Returns when the sweep must look at a held delivery: when the next hold ends. At the limit of doubt alone, also when
 * its sender gets a delay warning.
 */
export function heldDue(
  holds: readonly Hold[],
  { arrival, sender, warned }: Pick<DeliveryItem, 'arrival' | 'sender'> & { readonly warned?: number | undefined },
  now: number,
  { delay_warning_time: delay }: Pick<QueueTimes, 'delay_warning_time'>,
): number | undefined {
  const end = nextEnd(effectiveHolds(holds, now));
  const isWarned = !isHeldAtLimitAlone(holds) || delay === 0 || sender === '' || warned !== undefined;
  const warning = arrival + delay;
  return isWarned || warning <= now ? end : Math.min(end ?? warning, warning);
}

/** Returns the holds that have not ended. */
export function holdsThatLast(holds: readonly Hold[], now: number): readonly Hold[] {
  return holds.filter(({ until }) => until === undefined || until > now);
}

/**
 * Returns the holds whose end the sweep must see. One that has ended and drops the message waits for the others: an
 * operator may hold the message for longer.
 */
function effectiveHolds(holds: readonly Hold[], now: number): readonly Hold[] {
  const lasting = holdsThatLast(holds, now);
  return lasting.length === 0 ? holds : holds.filter((hold) => hold.atEnd !== 'drop' || lasting.includes(hold));
}

/** Returns the holds that stay when some have ended: those that last and, beside them, those that drop the message. */
export function holdsThatStay(holds: readonly Hold[], now: number): readonly Hold[] {
  const lasting = holdsThatLast(holds, now);
  return lasting.length === 0 ? [] : holds.filter((hold) => hold.atEnd === 'drop' || lasting.includes(hold));
}

/** Returns the hold whose end drops the message now: all holds have ended. */
export function droppingHold(holds: readonly Hold[], now: number): Hold | undefined {
  return holdsThatLast(holds, now).length > 0 ? undefined : holds.find(({ atEnd }) => atEnd === 'drop');
}

/** Returns the times of a delivery that becomes held, by its destination or by holds of its own. */
export function withholding({ holds = [], pending }: DeliveryItem, now: number): DueChanges {
  return dueChanges(nextEnd(holds), Object.keys(pending).length > 0, now);
}
