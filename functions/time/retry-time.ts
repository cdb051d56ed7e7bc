/**
 * When SQS delivers a message of active again that could not be handled.
 */

/** Seconds, at first and at most. */
const seconds = { first: 5, most: 300 } as const;

/**
 * Returns the seconds until the next receive. The message holds its slot until then, so they begin small. They double
 * each time, so that a table outage of a minute does not bring it to the dead-letter queue.
 *
 * @param received how often SQS has delivered it
 */
export function retrySeconds(received: number): number {
  const doublings = Number.isFinite(received) ? Math.max(0, received - 1) : 0;
  return Math.min(seconds.first * 2 ** doublings, seconds.most);
}
