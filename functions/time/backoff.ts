/**
 * Back-off and lifetime (qmgr_active.c).
 */

/** Times of the queue, in milliseconds. */
export interface QueueTimes {
  readonly minimal_backoff_time: number;
  readonly maximal_backoff_time: number;
  readonly maximal_queue_lifetime: number;
  readonly bounce_queue_lifetime: number;
  /** 0 = no delay warnings. */
  readonly delay_warning_time: number;
  /** Per cent. */
  readonly retry_jitter: number;
}

/** Milliseconds by which an attempt may be too early for a delay warning and still cause it. */
const warningGrace = 1000;

/**
 * Returns the milliseconds to wait after a failed attempt: the age of the message, within the two limits. So the wait
 * doubles each time.
 *
 * Deliveries that failed together would be retried together. So the wait is lengthened by up to retry_jitter per cent,
 * or shortened at the upper limit; it stays within the limits.
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

/** Returns the lifetime of a message, in milliseconds from its arrival. */
export function lifetimeOf(
  { sender }: { readonly sender: string },
  times: Pick<QueueTimes, 'bounce_queue_lifetime' | 'maximal_queue_lifetime'>,
): number {
  return sender === '' ? times.bounce_queue_lifetime : times.maximal_queue_lifetime;
}

/** Whether the lifetime of a deferred message is over. */
export function isExpired(
  { arrival, sender }: { readonly arrival: number; readonly sender: string },
  now: number,
  times: QueueTimes,
): boolean {
  return now - arrival >= lifetimeOf({ sender }, times);
}

/** Whether the sender of a deferred message gets a delay warning now: once, and never the null sender. */
export function isWarningDue(
  { arrival, sender, warned }: { readonly arrival: number; readonly sender: string; readonly warned?: number },
  now: number,
  { delay_warning_time: delay }: QueueTimes,
): boolean {
  return delay > 0 && sender !== '' && warned === undefined && now + warningGrace >= arrival + delay;
}
