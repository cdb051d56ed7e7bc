/**
 * Mail that expires soon: the last chance for an operator to act.
 */

import { lifetimeOf, type QueueTimes } from '../../time/backoff.ts';
import type { QueueEntry } from './queue-entry.ts';

/** Milliseconds before the end of a message's lifetime at which it counts as expiring soon. */
export const expirySoon = 6 * 60 * 60_000;

/**
 * Whether a delivery is returned to its sender within {@link expirySoon}. Held mail does not expire, except at the
 * limit of doubt. With a lifetime shorter than that, no operator can act in time.
 */
export function expiresSoon(
  { state, arrival, sender, summary }: Pick<QueueEntry, 'state' | 'arrival' | 'sender' | 'summary'>,
  now: number,
  times: Pick<QueueTimes, 'bounce_queue_lifetime' | 'maximal_queue_lifetime'>,
): boolean {
  const lifetime = lifetimeOf({ sender }, times);
  const mayExpire = state !== 'held' || summary.expires === true;
  return mayExpire && lifetime > expirySoon && arrival + lifetime - now < expirySoon;
}
