/**
 * Mail whose time is nearly over: the last chance to do something for it.
 */

import type { QueueTimes } from './backoff.ts';
import type { QueueEntry } from './queue-entry.ts';

/** Milliseconds before the end of a message's lifetime when somebody should know. */
export const expirySoon = 6 * 60 * 60_000;

/**
 * Whether a delivery is returned to its sender within {@link expirySoon}. Held mail does not expire; and what has one attempt
 * only is not rescued by anybody.
 */
export function expiresSoon(
  { state, arrival, sender }: Pick<QueueEntry, 'state' | 'arrival' | 'sender'>,
  now: number,
  times: Pick<QueueTimes, 'bounce_queue_lifetime' | 'maximal_queue_lifetime'>,
): boolean {
  const lifetime = sender === '' ? times.bounce_queue_lifetime : times.maximal_queue_lifetime;
  return state !== 'held' && lifetime > expirySoon && arrival + lifetime - now < expirySoon;
}
