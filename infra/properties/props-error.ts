/** A wrong property or context value. The message has its name, the value, and what is allowed. */
export class PropsError extends Error {
  override readonly name = 'PropsError';
}

/**
 * Returns an error about one value.
 *
 * @param name the property's name, as its user wrote it
 * @param value the refused value
 * @param allowed the end of a sentence that begins with "expected": `a whole number from 2 to 1000`
 */
export function refuse(name: string, value: unknown, allowed: string): PropsError {
  const shown = typeof value === 'string' || typeof value === 'object' ? JSON.stringify(value) : String(value);
  return new PropsError(`${name}: ${shown} is not allowed: expected ${allowed}`);
}
