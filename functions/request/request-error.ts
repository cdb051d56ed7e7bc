/**
 * Errors of requests: field first, with escaped input.
 */

import { escapeControls } from '../smtp/control-characters.ts';

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

/** Cuts a foreign text and escapes characters that affect a terminal, a header or a queue. */
function harmless(text: string, length: number): string {
  return escapeControls(text.length <= length ? text : `${text.slice(0, length - 3)}...`);
}
