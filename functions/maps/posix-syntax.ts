/**
 * The syntax and the pieces of a POSIX regular expression.
 */

/** The syntax of an expression. */
export interface PosixSyntax {
  readonly extended: boolean;
  readonly ignoreCase: boolean;
  /** `^` and `$` match at line ends too, which neither `.` nor `[^x]` then match (REG_NEWLINE). */
  readonly multiline: boolean;
}

/** Whether a character matches, by its code point. */
export type CharacterTest = (character: number) => boolean;

/** Whether a position matches, by the characters on both sides; `undefined` at either end. */
export type PlaceTest = (before: number | undefined, after: number | undefined) => boolean;

/** A piece of an expression. */
export type Token =
  | { readonly kind: 'character'; readonly test: CharacterTest }
  | { readonly kind: 'place'; readonly test: PlaceTest }
  | { readonly kind: 'repeat'; readonly min: number; readonly max: number }
  | { readonly kind: 'open' | 'close' | 'or' };

/** A regular expression cannot be used. The message names the fault, to follow "in the pattern". */
export class PosixRegexpError extends Error {
  override readonly name = 'PosixRegexpError';
}
