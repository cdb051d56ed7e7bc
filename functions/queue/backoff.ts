/**
 * When to try again, and when to give up (qmgr_active.c).
 */

/** Times of the queue, in milliseconds. */
export interface QueueTimes {
  readonly minimal_backoff_time: number;
  readonly maximal_backoff_time: number;
  readonly maximal_queue_lifetime: number;
  readonly bounce_queue_lifetime: number;
}

/** Milliseconds to wait after a failed attempt: as long as the message is old, within the two limits. It so doubles each time. */
export function backoff(arrival: number, now: number, times: QueueTimes): number {
  return Math.min(Math.max(now - arrival, times.minimal_backoff_time), times.maximal_backoff_time);
}

/** Whether a message that was just deferred has been tried long enough. */
export function isExpired(
  { arrival, sender }: { arrival: number; sender: string },
  now: number,
  times: QueueTimes,
): boolean {
  const lifetime = sender === '' ? times.bounce_queue_lifetime : times.maximal_queue_lifetime;
  return now - arrival >= lifetime;
}
