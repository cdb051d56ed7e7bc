/**
 * When to try again, and when to give up (qmgr_active.c).
 */

/** Times of the queue, in milliseconds. */
export interface QueueTimes {
  readonly minimal_backoff_time: number;
  readonly maximal_backoff_time: number;
  readonly maximal_queue_lifetime: number;
  readonly bounce_queue_lifetime: number;
  /** 0 = nobody is warned. */
  readonly delay_warning_time: number;
  /** Per cent. */
  readonly retry_jitter: number;
}

/** Milliseconds by which an attempt may come before the time of a delay warning and be followed by one all the same. */
const warningGrace = 1000;

/**
 * Milliseconds to wait after a failed attempt: as long as the message is old, within the two limits. It so doubles each time.
 *
 * Whatever failed together would come back together. So the wait is drawn out by up to retry_jitter per cent, or shortened
 * where it may not be longer; it never leaves the limits.
 *
 * @param chance from 0 up to, not including, 1
 */
export function backoff(arrival: number, now: number, times: QueueTimes, chance: number): number {
  const { minimal_backoff_time: least, maximal_backoff_time: most, retry_jitter: jitter } = times;
  const stretch = 1 + jitter / 100;
  const usual = Math.min(Math.max(now - arrival, least), most);
  const longest = Math.max(usual, Math.min(usual * stretch, most));
  const shortest = Math.min(usual, Math.max(longest / stretch, least));
  return Math.round(shortest + (longest - shortest) * chance);
}

/** Milliseconds from its arrival for which a message is tried. */
export function lifetimeOf(
  { sender }: { readonly sender: string },
  times: Pick<QueueTimes, 'bounce_queue_lifetime' | 'maximal_queue_lifetime'>,
): number {
  return sender === '' ? times.bounce_queue_lifetime : times.maximal_queue_lifetime;
}

/** Whether a message that was just deferred has been tried long enough. */
export function isExpired(
  { arrival, sender }: { readonly arrival: number; readonly sender: string },
  now: number,
  times: QueueTimes,
): boolean {
  return now - arrival >= lifetimeOf({ sender }, times);
}

/** Whether the sender of a message that was just deferred is to be told that it is late: once, and never the null sender. */
export function isWarningDue(
  { arrival, sender, warned }: { readonly arrival: number; readonly sender: string; readonly warned?: number },
  now: number,
  { delay_warning_time: delay }: QueueTimes,
): boolean {
  return delay > 0 && sender !== '' && warned === undefined && now + warningGrace >= arrival + delay;
}
