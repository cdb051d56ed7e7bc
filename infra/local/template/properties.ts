import type { TemplateResource } from './assembly.ts';
import { type References, resolveText, resolveValue } from './intrinsics.ts';
import { TemplateError } from './template-error.ts';

/** The properties of a resource, each to be read or passed over: what nobody asked for is noticed. */
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

  /** A property with all its references resolved. */
  optional(name: string): unknown {
    this.#seen.add(name);
    return resolveValue(this.#properties[name], this.#references);
  }

  /** @throws TemplateError when it is absent or no text */
  text(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw new TemplateError(`${this.#logicalId} has no ${name}`);
    return resolveText(value, this.#references);
  }

  /** An object; an empty one if absent. */
  object(name: string): Readonly<Record<string, unknown>> {
    return (this.optional(name) ?? {}) as Readonly<Record<string, unknown>>;
  }

  /** @throws TemplateError when it is no list */
  list(name: string): readonly unknown[] {
    const value = this.optional(name);
    if (!Array.isArray(value)) throw new TemplateError(`${this.#logicalId}: ${name} is no list`);
    return value;
  }

  /** A property as it stands in the template. */
  raw(name: string): unknown {
    this.#seen.add(name);
    return this.#properties[name];
  }

  /** Properties that make no difference locally. */
  passOver(...names: readonly string[]): void {
    for (const name of names) this.#seen.add(name);
  }

  /** @throws TemplateError when there is a property that was neither read nor passed over */
  requireAllRead(): void {
    const unknown = Object.keys(this.#properties).find((name) => !this.#seen.has(name));
    if (unknown === undefined) return;
    throw new TemplateError(`${this.#logicalId}: its property ${unknown} is not known to the local stack`);
  }
}
