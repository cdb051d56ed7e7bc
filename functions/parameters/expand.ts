/**
 * `$name` in values, followed as in main.cf.
 */

import { MacroError, parseMacros } from '../maps/macros.ts';
import { ParameterError } from './parameter-error.ts';

/** The text of a parameter as it is written, or its default; `undefined` if there is no such parameter. */
export type WrittenValue = (name: string) => string | undefined;

/**
 * The value of a parameter with every `$name`, `${name}` and `$(name)` followed; `$$` is a dollar sign, as the `$1` of an
 * inline regular expression needs it.
 *
 * @throws ParameterError for a reference to nothing, or in a circle
 */
export function expandValue(name: string, written: WrittenValue, path: readonly string[] = []): string {
  const value = written(name) ?? '';
  const here = [...path, name];
  return takeApart(name, value)
    .map((part) => {
      if ('literal' in part) return part.literal;
      if (written(part.name) === undefined) throw new ParameterError(name, reference(value, part.name));
      if (here.includes(part.name)) throw new ParameterError(name, `"${value}" refers to itself`);
      return expandValue(part.name, written, here);
    })
    .join('');
}

function reference(value: string, name: string): string {
  return `"${value}" refers to $${name}, which is no parameter; $$ stands for a dollar sign`;
}

function takeApart(name: string, value: string): ReturnType<typeof parseMacros> {
  try {
    return parseMacros(value);
  } catch (cause) {
    if (cause instanceof MacroError) throw new ParameterError(name, `"${value}": ${cause.message}`, { cause });
    throw cause;
  }
}
