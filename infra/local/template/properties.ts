import type { TemplateResource } from './assembly.ts';
import { type References, resolveText, resolveValue, TemplateError } from './intrinsics.ts';

/** The properties of a resource. Each must be read or skipped, so that no property is ignored silently. */
export class Properties {
  readonly #logicalId: string;
  readonly #properties: Readonly<Record<string, unknown>>;
  readonly #references: References;
  readonly #seen = new Set<string>();

  constructor(logicalId: string, { Properties: properties = {} }: TemplateResource, references: References) {
    this.#logicalId = logicalId;
    this.#properties = properties;
    this.#references = references;
  }

  /** Returns a property with all references resolved. */
  optional(name: string): unknown {
    this.#seen.add(name);
    return resolveValue(this.#properties[name], this.#references);
  }

  /** @throws TemplateError if it is absent or not text */
  text(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw new TemplateError(`${this.#logicalId} has no ${name}`);
    return resolveText(value, this.#references);
  }

  /** Returns an object; an empty one if absent. */
  object(name: string): Readonly<Record<string, unknown>> {
    return (this.optional(name) ?? {}) as Readonly<Record<string, unknown>>;
  }

  /** @throws TemplateError if it is not a list */
  list(name: string): readonly unknown[] {
    const value = this.optional(name);
    if (!Array.isArray(value)) throw new TemplateError(`${this.#logicalId}: ${name} is not a list`);
    return value;
  }

  /** Returns a property unchanged from the template. */
  raw(name: string): unknown {
    this.#seen.add(name);
    return this.#properties[name];
  }

  /** Skips properties that have no effect locally. */
  passOver(...names: readonly string[]): void {
    for (const name of names) this.#seen.add(name);
  }

  /** @throws TemplateError if a property was neither read nor skipped */
  requireAllRead(): void {
    const unknown = Object.keys(this.#properties).find((name) => !this.#seen.has(name));
    if (unknown === undefined) return;
    throw new TemplateError(`${this.#logicalId}: the local stack does not support its property ${unknown}`);
  }
}
