/** A regular expression that cannot be used. The message says what there is in it, to go behind "in the pattern". */
export class PosixRegexpError extends Error {
  override readonly name = 'PosixRegexpError';
}
