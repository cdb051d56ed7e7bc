/**
 * Reads foreign JSON field by field: each field is read by name with a test, and an error names the wrong one.
 */

import { RequestError } from './request-error.ts';

/** The fields of one object. */
export class Fields {
  readonly #path: string;
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #asked = new Set<string>();

  constructor(path: string, value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new RequestError(path || 'request', `${quote(value)} is not an object`);
    }
    this.#path = path;
    this.#values = new Map(Object.entries(value));
  }

  names(): readonly string[] {
    return [...this.#values.keys()];
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  require<T>(name: string, test: (value: unknown) => value is T, wanted: string): T;
  require(name: string, test: (value: unknown) => boolean, wanted: string): unknown;
  require(name: string, test: (value: unknown) => boolean, wanted: string): unknown {
    this.#asked.add(name);
    if (!this.#values.has(name)) throw new RequestError(this.#field(name), `is missing; expected ${wanted}`);
    const value = this.#values.get(name);
    if (!test(value)) throw new RequestError(this.#field(name), `${quote(value)} is not allowed; expected ${wanted}`);
    return value;
  }

  optional<T>(name: string, test: (value: unknown) => value is T, wanted: string): T | undefined {
    this.#asked.add(name);
    return this.#values.has(name) ? this.require(name, test, wanted) : undefined;
  }

  /** Refuses each field that was not read, because it is probably a typing error. */
  refuseOthers(): void {
    for (const name of this.#values.keys()) {
      if (this.#asked.has(name)) continue;
      throw new RequestError(this.#field(name), `is not a field; allowed are ${[...this.#asked].join(', ')}`);
    }
  }

  #field(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }
}

/** Returns an object with a property; without it if the value is undefined. */
export function optional<Name extends string, T>(name: Name, value: T | undefined): { [N in Name]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { [N in Name]?: T };
}

/** Returns a value as text for an error, cut. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 120 ? text : `${text.slice(0, 117)}...`;
}

export const isString = (value: unknown): value is string => typeof value === 'string';
export const isNonEmptyString = (value: unknown): value is string => typeof value === 'string' && value !== '';
export const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
export const isPresent = (value: unknown): value is unknown => value !== null;
export const isNonEmptyList = (value: unknown): value is readonly unknown[] => Array.isArray(value) && value.length > 0;

/** Returns a test for one of several words. */
export function oneOf<const Words extends readonly string[]>(
  ...words: Words
): (value: unknown) => value is Words[number] {
  return (value): value is Words[number] => typeof value === 'string' && words.includes(value);
}
