/**
 * Errors of requests: field first, with escaped input.
 */

/** A request is unusable. The message begins with the field; input in it is escaped. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly field: string;

  constructor(field: string, message: string, options?: ErrorOptions) {
    const named = harmless(field, 100);
    super(harmless(`${named}: ${message}`, 1000), options);
    this.field = named;
  }
}

/** Cuts a foreign text and escapes, as in JSON, characters that affect a terminal, a header or a queue. */
function harmless(text: string, length: number): string {
  const cut = text.length <= length ? text : `${text.slice(0, length - 3)}...`;
  return cut.replace(
    /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
