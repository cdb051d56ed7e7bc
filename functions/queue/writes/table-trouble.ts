/**
 * Temporary errors of the table. Adapters know their own errors; the queue only asks what they mean.
 */

/**
 * What the error means. `throttled`: no capacity was left, and nothing was changed. `failed`: a server error (5xx).
 * `lost`: no answer came, so the write may have been made. `denied`: a permission, key or credential is missing.
 */
export type TroubleKind = 'throttled' | 'failed' | 'lost' | 'denied';

/** Returns what an error of the table means; undefined if the same call would fail again, or it is another error. */
export type TroubleOf = (error: unknown) => TroubleKind | undefined;

/** A temporary refusal by the queue itself, or by a table in memory. */
export class TableTrouble extends Error {
  override readonly name = 'TableTrouble';
  readonly kind: TroubleKind;

  constructor(kind: TroubleKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
