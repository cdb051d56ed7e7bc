/**
 * `$name` in values, expanded as in main.cf.
 */

import { MacroError, parseMacros } from '../maps/macros.ts';
import { ParameterError } from './row.ts';

/** Values before expansion. */
export interface WrittenValues {
  /** Returns the text of a parameter, or its default; `undefined` if there is no such parameter. */
  of(name: string): string | undefined;
  /** Whether its value may contain secrets. */
  isSecret(name: string): boolean;
}

/**
 * Returns the value of a parameter with every `$name`, `${name}` and `$(name)` expanded. `$$` is a dollar sign, which the `$1` of
 * an inline regular expression needs.
 *
 * @throws ParameterError for a reference to an unknown or secret parameter, or to itself
 */
export function expandValue(name: string, written: WrittenValues, path: readonly string[] = []): string {
  const value = written.of(name) ?? '';
  const here = [...path, name];
  const shown = written.isSecret(name) ? 'the value' : `"${value}"`;
  return splitMacros(name, value, shown)
    .map((part) => {
      if ('literal' in part) return part.literal;
      if (written.of(part.name) === undefined) {
        // In a secret, the text after the dollar sign is more likely part of a password than a name.
        const what = written.isSecret(name) ? 'a name that' : `$${part.name}, which`;
        throw new ParameterError(name, `${shown} refers to ${what} is not a parameter; write $$ for a dollar sign`);
      }
      if (here.includes(part.name)) throw new ParameterError(name, `${shown} refers to itself`);
      if (written.isSecret(part.name)) {
        throw new ParameterError(name, `${shown} refers to $${part.name}, which is secret`);
      }
      return expandValue(part.name, written, here);
    })
    .join('');
}

function splitMacros(name: string, value: string, shown: string): ReturnType<typeof parseMacros> {
  try {
    return parseMacros(value);
  } catch (cause) {
    if (cause instanceof MacroError) throw new ParameterError(name, `${shown}: ${cause.message}`, { cause });
    throw cause;
  }
}
