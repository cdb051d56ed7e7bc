/**
 * What JSON.parse does not report about a JSON text: a name that an object has twice (the last one silently counts), and the depth.
 *
 * The text is scanned once, without recursion, after JSON.parse accepted it: so this scanner need not check the syntax.
 */

/** A name that occurs twice in one object. */
export interface RepeatedName {
  readonly name: string;
  /** The place of its value, such as `recipients[1].address`. */
  readonly path: string;
  /** Where it occurs again, counted from 1. */
  readonly line: number;
  readonly column: number;
}

/** The structure of a JSON text. */
export interface JsonStructure {
  /** Levels of nesting; 0 = neither object nor array. */
  readonly depth: number;
  /** The first name that occurs again. */
  readonly repeated?: RepeatedName;
}

/** An open object or array. */
type Level =
  | { readonly kind: 'object'; readonly names: Set<string>; name: string; isNameNext: boolean }
  | { readonly kind: 'array'; index: number };

/** Returns the structure of valid JSON. */
export function jsonStructure(text: string): JsonStructure {
  const levels: Level[] = [];
  let depth = 0;
  let repeated: RepeatedName | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const level = levels.at(-1);
    switch (text[at]) {
      case '"': {
        const end = endOfString(text, at);
        if (level?.kind === 'object' && level.isNameNext && repeated === undefined) {
          level.isNameNext = false;
          level.name = unescaped(text.slice(at, end));
          if (level.names.has(level.name)) repeated = { ...placeOf(text, at), name: level.name, path: pathOf(levels) };
          level.names.add(level.name);
        }
        at = end - 1;
        break;
      }
      case '{':
        levels.push({ kind: 'object', names: new Set(), name: '', isNameNext: true });
        break;
      case '[':
        levels.push({ kind: 'array', index: 0 });
        break;
      case '}':
      case ']':
        levels.pop();
        break;
      case ',':
        if (level?.kind === 'object') level.isNameNext = true;
        else if (level !== undefined) level.index += 1;
        break;
    }
    depth = Math.max(depth, levels.length);
  }
  return { depth, ...(repeated === undefined ? {} : { repeated }) };
}

/** Returns the offset behind the closing quote of a string. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function unescaped(quoted: string): string {
  return quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
}

function pathOf(levels: readonly Level[]): string {
  const steps = levels.map((level) => (level.kind === 'array' ? `[${level.index}]` : `.${level.name}`));
  return steps.join('').replace(/^\./, '');
}

function placeOf(text: string, at: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at);
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
}
