/** A map, or a list of patterns, cannot be used. The message names map, line and what is allowed, but no result of a map: that may be a secret. */
export class MapError extends Error {
  override readonly name = 'MapError';
}
