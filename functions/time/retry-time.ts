/**
 * When a message of active that could not be dealt with is seen again.
 */

/** Seconds, at first and at most. */
const seconds = { first: 5, most: 300 } as const;

/**
 * Seconds until it is seen again: few, since it holds its slot until then; each time twice as many, so that it does not go to
 * the dead letters for a table that cannot be reached for a minute.
 *
 * @param received how often it was given out
 */
export function retrySeconds(received: number): number {
  const doublings = Number.isFinite(received) ? Math.max(0, received - 1) : 0;
  return Math.min(seconds.first * 2 ** doublings, seconds.most);
}
