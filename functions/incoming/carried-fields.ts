/**
 * Fields of other services that no delivery depends on. What cannot be used is left out, with a warning: the service
 * may write new words, or nothing, and that must not stop mail.
 */

import type { Fields } from '../request/fields.ts';
import { oneOf } from '../request/fields.ts';
import { RequestError } from '../request/request-error.ts';

/** Reads such fields of one message, and collects the warnings. */
export class CarriedFields {
  readonly #warnings: string[] = [];

  /** Returns a field; undefined, with a warning, if it cannot be used. */
  read<T>(reading: () => T): T | undefined {
    try {
      return reading();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.#warnings.push(error.message);
      return undefined;
    }
  }

  /** Returns an optional field; undefined if it is absent, and, with a warning, if it cannot be used. */
  optional<T>(fields: Fields, name: string, test: (value: unknown) => value is T, wanted: string): T | undefined {
    return this.read(() => fields.optional(name, test, wanted));
  }

  /** Adds a warning about a field that is used nevertheless. */
  warn(text: string): void {
    this.#warnings.push(text);
  }

  /** The warnings for a reading: each names a field, its value and what was expected. Absent: none. */
  get warnings(): { readonly warnings?: readonly string[] } {
    return this.#warnings.length === 0 ? {} : { warnings: [...this.#warnings] };
  }
}

/** The verdicts that Amazon SES documents. */
export const isSesVerdict = oneOf('PASS', 'FAIL', 'GRAY', 'PROCESSING_FAILED', 'DISABLED');
