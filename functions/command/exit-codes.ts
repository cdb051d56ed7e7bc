/**
 * Exit codes of the command line, after sysexits(3) as mail programs use them.
 */
export const exitCodes = {
  /** Every recipient was sent. */
  ok: 0,
  /** Options or arguments are wrong. */
  usage: 64,
  /** A request is malformed; the others were still delivered. */
  malformed: 65,
  /** A recipient bounced. */
  unavailable: 69,
  /** The output could not be written. */
  ioError: 74,
  /** A recipient was deferred, and none bounced. */
  tempFail: 75,
  /** A configuration needs changes, or would send mail elsewhere. */
  configuration: 78,
} as const;
