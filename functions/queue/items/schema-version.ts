/**
 * The version of all stored and sent data: items of the queue table, wake-ups, events, notices, and records of
 * destinations, reports and corrupt requests.
 *
 * During a deployment or its rollback, functions of two successive releases work on the same queue. So each release
 * - reads what the previous and the next release write,
 * - keeps unknown members when it writes what it has read,
 * - writes only what the previous release can read: a new member is optional until the release after.
 */

/** The version that this release writes. */
export const schemaVersion = 1;

/** The versions that this release reads, in words. */
export const readableVersions = `up to ${schemaVersion + 1}`;

/** Data of a release that is too far from this one. The mail is not at fault: that release can read it. */
export class SchemaVersionError extends Error {
  override readonly name = 'SchemaVersionError';
}

/** Whether this release can read a version: its own, the one before and the one after. */
export function isReadable(version: unknown): version is number {
  return Number.isSafeInteger(version) && Math.abs(Number(version) - schemaVersion) <= 1 && Number(version) >= 1;
}
