/**
 * `$name` in text, as in Postfix (mac_parse(3)): `$name`, `${name}`, `$(name)`; `$$` is a dollar sign.
 */

/** A part of a text: literal, or the name of a value that replaces it. */
export type TextPart = { readonly literal: string } | { readonly name: string };

/** A `$` without a name. */
export class MacroError extends Error {
  override readonly name = 'MacroError';
}

/**
 * Splits a text into its parts.
 *
 * @throws MacroError where a `$` is neither doubled nor followed by a name
 */
export function parseMacros(text: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(/\$(?:(\$)|\{(\w+)\}|\((\w+)\)|(\w+)|)/g)) {
    const [whole, dollar, braced, parenthesised, plain] = match;
    if (match.index > from) parts.push({ literal: text.slice(from, match.index) });
    from = match.index + whole.length;
    const name = braced ?? parenthesised ?? plain;
    if (name !== undefined) parts.push({ name });
    else if (dollar !== undefined) parts.push({ literal: '$' });
    else throw new MacroError('a $ must be followed by a name, {name} or (name), or be doubled ($$)');
  }
  return from < text.length ? [...parts, { literal: text.slice(from) }] : parts;
}
