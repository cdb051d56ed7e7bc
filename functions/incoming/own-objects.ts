/**
 * Objects that the functions write into the message bucket. Events about them are ignored: they are not incoming mail.
 */

/** The prefixes under which the functions write. */
export const ownPrefixes = {
  /** Copies of corrupt requests. */
  corrupt: 'corrupt/',
  /** Reports of the bounce function; it sends its own request for each. */
  reports: 'reports/',
  /** Mail that arrived inside a notification of Amazon SES. */
  notified: 'notified/',
} as const;

/** Whether a key is under one of these prefixes. */
export function isOwnObject(key: string): boolean {
  return Object.values(ownPrefixes).some((prefix) => key.startsWith(prefix));
}
