/**
 * What our own functions write into the message bucket. None of it is mail that came in, whoever may notify us of it.
 */

/** Where in the message bucket our functions write. */
export const ownPrefixes = {
  /** Copies of corrupt requests. */
  corrupt: 'corrupt/',
  /** Delivery status notifications that the bounce function made; it sends a request of its own for each. */
  reports: 'reports/',
} as const;

/** Whether a key is one that our functions write to. */
export function isOwnObject(key: string): boolean {
  return Object.values(ownPrefixes).some((prefix) => key.startsWith(prefix));
}
