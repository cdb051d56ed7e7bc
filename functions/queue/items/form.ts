/**
 * The shape of stored data, as values: a form checks any value against a type and says where it differs.
 *
 * A form neither changes nor copies a value. Unknown members stay, because a later release may have written them. It is
 * a type guard, so accepted values need no cast.
 */

/** Checks a value against a type; on failure the flaw says what is wrong and where. */
export type Form<T> = (value: unknown, flaw: Flaw) => value is T;

/** A member that may be absent. */
export interface Optional<T> {
  readonly optional: Form<T>;
}

/** A form for each member of a type. The compiler reports a missing one. */
export type Members<T> = {
  readonly [Name in keyof T]-?: Record<never, never> extends Pick<T, Name>
    ? Optional<Exclude<T[Name], undefined>>
    : Form<T[Name]>;
};

/** What is wrong with a value, and where. The path is built from the inside out. */
export class Flaw {
  #path = '';
  #words = '';

  /** The wrong member: `recipients[2].last.status`; empty if it is the value itself. */
  get path(): string {
    return this.#path;
  }

  /** The member, its value, and the expected value. */
  get text(): string {
    return this.#path === '' ? this.#words : `${this.#path}: ${this.#words}`;
  }

  /** Records that a value is not what was expected. */
  refuse(value: unknown, wanted: string): false {
    this.#path = '';
    this.#words = value === undefined ? `is missing; expected ${wanted}` : `${shown(value)} is not ${wanted}`;
    return false;
  }

  /** Records that the wrong value is part of another: `name`, or `[2]`. */
  within(part: string): false {
    const isLast = this.#path === '' || this.#path.startsWith('[');
    this.#path = isLast ? `${part}${this.#path}` : `${part}.${this.#path}`;
    return false;
  }
}

/** Stored data has the wrong form. */
export class FormError extends Error {
  override readonly name = 'FormError';
}

/**
 * Returns a value that has a form.
 *
 * @param what names it, for the error
 * @throws FormError naming the wrong member, its value, and the expected value
 */
export function parse<T>(form: Form<T>, value: unknown, what: string): T {
  const flaw = new Flaw();
  if (form(value, flaw)) return value;
  throw new FormError(`${what}: ${flaw.text}`);
}

/** Whether a value is a plain object: no list, no set, and no binary data of DynamoDB. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A value that passes a test. */
export function such<T>(test: (value: unknown) => value is T, wanted: string): Form<T> {
  return (value, flaw): value is T => test(value) || flaw.refuse(value, wanted);
}

/** An object with these members, and perhaps others. */
export function object<T extends object>(members: Members<T>): Form<T> {
  const rows = Object.entries<Form<unknown> | Optional<unknown>>(members).map(([name, member]) =>
    typeof member === 'function'
      ? { name, form: member, isOptional: false }
      : { name, form: member.optional, isOptional: true },
  );
  return (value, flaw): value is T => {
    if (!isRecord(value)) return flaw.refuse(value, 'an object');
    for (const { name, form, isOptional } of rows) {
      const member = value[name];
      if (member === undefined && isOptional) continue;
      if (!form(member, flaw)) return flaw.within(name);
    }
    return true;
  };
}

/** A list, each of whose entries has a form. */
export function list<T>(form: Form<T>): Form<readonly T[]> {
  return (value, flaw): value is readonly T[] => {
    if (!Array.isArray(value)) return flaw.refuse(value, 'a list');
    for (let n = 0; n < value.length; n += 1) {
      if (!form(value[n], flaw)) return flaw.within(`[${n}]`);
    }
    return true;
  };
}

/** An object whose members, of any name, all have a form. */
export function mapOf<T>(form: Form<T>): Form<Readonly<Record<string, T>>> {
  return (value, flaw): value is Readonly<Record<string, T>> => {
    if (!isRecord(value)) return flaw.refuse(value, 'an object');
    for (const name in value) {
      if (!form(value[name], flaw)) return flaw.within(name);
    }
    return true;
  };
}

/** One of several words. */
export function oneOf<const Word extends string | boolean>(...words: readonly Word[]): Form<Word> {
  const known: ReadonlySet<unknown> = new Set(words);
  const wanted = words.length === 1 ? String(words[0]) : `one of ${words.join(', ')}`;
  return such((value): value is Word => known.has(value), wanted);
}

/** May be absent. */
export function optional<T>(form: Form<T>): Optional<T> {
  return { optional: form };
}

export const text: Form<string> = such((value) => typeof value === 'string', 'a string');
export const name: Form<string> = such(
  (value): value is string => typeof value === 'string' && value !== '',
  'a string that is not empty',
);
export const flag: Form<boolean> = such((value) => typeof value === 'boolean', 'true or false');
export const number: Form<number> = such(isFiniteNumber, 'a number');
/** A whole number, 0 or greater. */
export const count: Form<number> = such((value): value is number => isWhole(value) && value >= 0, 'a whole number');
/** The latest time that a Date can represent. */
const lastMoment = 8.64e15;
/** Milliseconds since 1970. */
export const time: Form<number> = such(
  (value): value is number => isFiniteNumber(value) && Math.abs(value) <= lastMoment,
  'a time in milliseconds',
);
/** Anything. */
export const anything: Form<unknown> = (_): _ is unknown => true;
/** A member that must be absent. */
export const nothing: Form<never> = such((_): _ is never => false, 'wanted here');

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** Whether a value is an exact whole number. */
export function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** Characters of a value that an error shows. */
const shownLength = 80;

/** Returns a value as text for an error: JSON, cut to 80 characters; works for any value. */
export function shown(value: unknown): string {
  if (value instanceof Set) return 'a set';
  if (value instanceof Uint8Array) return 'binary data';
  const json = JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? String(member) : member));
  const whole = json ?? String(value);
  return whole.length <= shownLength ? whole : `${whole.slice(0, shownLength - 3)}...`;
}
