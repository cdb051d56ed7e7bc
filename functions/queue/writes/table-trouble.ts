/**
 * The table did not do what it was asked, and may do it the next time. Adapters know their own errors; the queue asks what they mean.
 */

/**
 * What kept the table from it. `throttled`: it had no capacity left, and nothing was changed. `failed`: it answered with a fault
 * of its own (5xx). `lost`: no answer came, so the write may have been made. `denied`: a right, a key or credentials are missing.
 */
export type TroubleKind = 'throttled' | 'failed' | 'lost' | 'denied';

/** What an error of the table means; undefined where the same call would fail again, or the error is none of the table's. */
export type TroubleOf = (error: unknown) => TroubleKind | undefined;

/** Nothing is asked of the table now, or a table in memory refuses a call. */
export class TableTrouble extends Error {
  override readonly name = 'TableTrouble';
  readonly kind: TroubleKind;

  constructor(kind: TroubleKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
