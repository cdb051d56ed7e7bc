/**
 * Mail whose time is nearly over: the last chance to do something for it.
 */

import { lifetimeOf, type QueueTimes } from '../../time/backoff.ts';
import type { QueueEntry } from './queue-entry.ts';

/** Milliseconds before the end of a message's lifetime when somebody should know. */
export const expirySoon = 6 * 60 * 60_000;

/**
 * Whether a delivery is returned to its sender within {@link expirySoon}. Held mail does not expire, but for what the limit of
 * doubt alone holds; and what has one attempt only is not rescued by anybody.
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
