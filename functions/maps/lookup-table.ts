/** A map of any type: `static:`, `inline:`, `texthash:` or `regexp:`. */
export interface LookupTable {
  /** Returns the result for a key; `undefined` if there is none. */
  find(key: string): string | undefined;
  /** Whether keys are fixed strings, so that parts of a name may be looked up too; a pattern gets only the whole name. */
  readonly fixed: boolean;
}

/**
 * A map or a list of patterns cannot be used. The message has the map, the line and what is allowed, but no result of the map:
 * that may be a secret.
 */
export class MapError extends Error {
  override readonly name = 'MapError';
}
