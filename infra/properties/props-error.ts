/** A property or context value that a stack cannot be made from: says which, what it was, and what is allowed. */
export class PropsError extends Error {
  override readonly name = 'PropsError';
}

/**
 * An error about one value.
 *
 * @param name the property's name, as its user wrote it
 * @param value what was given
 * @param allowed what may be given instead, as the end of a sentence: `a whole number from 2 to 1000`
 */
export function refuse(name: string, value: unknown, allowed: string): PropsError {
  const shown = typeof value === 'string' || typeof value === 'object' ? JSON.stringify(value) : String(value);
  return new PropsError(`${name}: ${shown} is not allowed: ${allowed} is wanted`);
}
