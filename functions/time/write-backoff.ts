/**
 * Back-off of a refused write. Pure.
 */

/** Milliseconds, at first and at most. */
const pauses = { first: 50, most: 5000 } as const;

/**
 * Returns the milliseconds until a refused write is tried again. They double with each try up to five seconds, with
 * jitter down to half, so that writes refused together are not repeated together.
 *
 * @param tries  how often it was tried, from 1
 * @param chance from 0 up to, not including, 1
 */
export function writeBackoff(tries: number, chance: number): number {
  const longest = Math.min(pauses.first * 2 ** Math.max(0, tries - 1), pauses.most);
  return Math.round(longest * (0.5 + chance / 2));
}
