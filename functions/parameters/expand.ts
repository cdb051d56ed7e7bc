/**
 * `$name` in values, followed as in main.cf.
 */

import { MacroError, parseMacros } from '../maps/macros.ts';
import { ParameterError } from './parameter-error.ts';

/** Values as they are written. */
export interface WrittenValues {
  /** The text of a parameter, or its default; `undefined` if there is no such parameter. */
  of(name: string): string | undefined;
  /** Whether it may hold what must not be shown. */
  isSecret(name: string): boolean;
}

/**
 * The value of a parameter with every `$name`, `${name}` and `$(name)` followed; `$$` is a dollar sign, as the `$1` of an
 * inline regular expression needs it.
 *
 * @throws ParameterError for a reference to nothing, to what is secret, or in a circle
 */
export function expandValue(name: string, written: WrittenValues, path: readonly string[] = []): string {
  const value = written.of(name) ?? '';
  const here = [...path, name];
  const shown = written.isSecret(name) ? 'the value' : `"${value}"`;
  return takeApart(name, value, shown)
    .map((part) => {
      if ('literal' in part) return part.literal;
      if (written.of(part.name) === undefined) {
        // In a secret, what stands behind the dollar sign is more likely part of a password than a name.
        const what = written.isSecret(name) ? 'what' : `$${part.name}, which`;
        throw new ParameterError(name, `${shown} refers to ${what} is no parameter; $$ stands for a dollar sign`);
      }
      if (here.includes(part.name)) throw new ParameterError(name, `${shown} refers to itself`);
      if (written.isSecret(part.name)) {
        throw new ParameterError(name, `${shown} refers to $${part.name}, which is secret`);
      }
      return expandValue(part.name, written, here);
    })
    .join('');
}

function takeApart(name: string, value: string, shown: string): ReturnType<typeof parseMacros> {
  try {
    return parseMacros(value);
  } catch (cause) {
    if (cause instanceof MacroError) throw new ParameterError(name, `${shown}: ${cause.message}`, { cause });
    throw cause;
  }
}
