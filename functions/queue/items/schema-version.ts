/**
 * The version of what is written down and sent: items of the queue table, wake-ups, events, notices, records of destinations,
 * of reports and of what is corrupt.
 *
 * While a stack is deployed, and when a deployment is rolled back, functions of two releases that follow each other work on the
 * same queue. So each release
 * - reads what the one before it and the one after it write,
 * - keeps what it does not know, wherever it writes down what it has read,
 * - writes only what the one before it can read: what is new is optional until the release after it.
 */

/** What this release writes. */
export const schemaVersion = 1;

/** What this release reads, in words. */
export const readableVersions = `up to ${schemaVersion + 1}`;

/** Something was written by a release that is too far from this one. It is no fault of the mail: that release can read it. */
export class SchemaVersionError extends Error {
  override readonly name = 'SchemaVersionError';
}

/** Whether a version is this release's own, or that of a neighbour. */
export function isReadable(version: unknown): version is number {
  return Number.isSafeInteger(version) && Math.abs(Number(version) - schemaVersion) <= 1 && Number(version) >= 1;
}
