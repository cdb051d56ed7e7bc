/**
 * `$name` in main.cf, with the conditions that Postfix has (mac_expand(3)).
 *
 *   $name  ${name}  $(name)               the value, itself expanded; empty if there is none
 *   ${name?text}  ${name?{text}}          the text if the value is not empty
 *   ${name:text}  ${name:{text}}          the text if the value is empty
 *   ${name?{text}:{other}}                one or the other
 *   ${{left} == {right} ? {a} : {b}}      the same by a comparison: ==, !=, <, <=, >=, >, and with `level` behind, of versions
 *   $$                                    a dollar sign
 */

/** A value cannot be expanded. The message has no content of values: they may be secrets. */
export class ExpansionError extends Error {
  override readonly name = 'ExpansionError';
}

/** Returns the value of a name before its expansion; `undefined` if there is none. */
export type Values = (name: string) => string | undefined;

/** Longest result, in characters: names that name each other twice grow without end. */
const longestResult = 1_000_000;

/**
 * Returns a text with everything expanded.
 *
 * @param path names that are being expanded, against loops
 * @throws ExpansionError for a `$` without a name, braces that do not match, and a name that refers to itself
 */
export function expandMainCf(text: string, values: Values, path: readonly string[] = []): string {
  let result = '';
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0) return bounded(result + text.slice(at));
    result = bounded(result + text.slice(at, dollar));
    const { value, end } = expandOne(text, dollar + 1, values, path);
    result += value;
    at = end;
  }
  return bounded(result);
}

function bounded(text: string): string {
  if (text.length <= longestResult) return text;
  throw new ExpansionError(`the expanded value is longer than ${longestResult} characters`);
}

/** Expands what follows a dollar sign. */
function expandOne(text: string, at: number, values: Values, path: readonly string[]): { value: string; end: number } {
  const next = text.charAt(at);
  if (next === '$') return { value: '$', end: at + 1 };
  if (next === '{' || next === '(') {
    const end = closing(text, at);
    return { value: expandBraced(text.slice(at + 1, end - 1), values, path), end };
  }
  const name = /^\w+/.exec(text.slice(at, at + 200))?.[0];
  if (name === undefined)
    throw new ExpansionError('a $ must be followed by a name, {name} or (name), or be doubled ($$)');
  return { value: valueIn(name, values, path), end: at + name.length };
}

/** Returns the index behind the bracket that closes the one at `from` (balpar(3)). */
function closing(text: string, from: number): number {
  const open = text.charAt(from);
  const close = open === '{' ? '}' : ')';
  let level = 0;
  for (let at = from; at < text.length; at++) {
    if (text.charAt(at) === open) level++;
    else if (text.charAt(at) === close && --level === 0) return at + 1;
  }
  throw new ExpansionError(`a "${open}" has no "${close}"`);
}

function valueIn(name: string, values: Values, path: readonly string[]): string {
  if (path.includes(name)) throw new ExpansionError(`$${name} refers to itself`);
  const value = values(name);
  return value === undefined ? '' : expandMainCf(value, values, [...path, name]);
}

/** Expands the content of `${...}`. */
function expandBraced(content: string, values: Values, path: readonly string[]): string {
  const trimmed = content.trimStart();
  if (trimmed.startsWith('{')) {
    const { holds, rest } = compare(trimmed, values, path);
    return expandMainCf(chosen(rest, holds), values, path);
  }
  const [, name, rest = ''] = /^\s*(\w+)\s*(.*)$/s.exec(content) ?? [];
  if (name === undefined) throw new ExpansionError('a ${ must be followed by a name or a comparison');
  const value = valueIn(name, values, path);
  return rest === '' ? value : expandMainCf(chosen(rest, value !== ''), values, path);
}

/** Returns the branch of `?text`, `:text`, `?{text}:{text}` that applies. */
function chosen(rest: string, holds: boolean): string {
  const [, operator, behind = ''] = /^\s*([?:])(.*)$/s.exec(rest) ?? [];
  if (operator === undefined) throw new ExpansionError('after a name in ${, only ? or : may follow');
  const text = behind.trimStart();
  if (!text.startsWith('{')) return (operator === '?') === holds ? behind : '';
  const end = closing(text, 0);
  const first = text.slice(1, end - 1);
  const other = text.slice(end).trim();
  if (other === '') return (operator === '?') === holds ? first : '';
  const [, second] = /^:\s*\{(.*)\}$/s.exec(other) ?? [];
  const last = second ?? /^:(.*)$/s.exec(other)?.[1];
  if (operator !== '?' || last === undefined)
    throw new ExpansionError('after the first text in ${, only : and a text may follow');
  return holds ? first : last;
}

/** Evaluates `{left} operator {right}` at the start of a text. */
function compare(text: string, values: Values, path: readonly string[]): { holds: boolean; rest: string } {
  const leftEnd = closing(text, 0);
  const [whole = '', operator = '', level] = /^\s*(==|!=|<=|>=|<|>)(level)?\s*(?=\{)/.exec(text.slice(leftEnd)) ?? [];
  if (operator === '') throw new ExpansionError('a comparison in ${ has no operator: ==, !=, <, <=, >= or >');
  const rightStart = leftEnd + whole.length;
  const rightEnd = closing(text, rightStart);
  const left = expandMainCf(text.slice(1, leftEnd - 1), values, path);
  const right = expandMainCf(text.slice(rightStart + 1, rightEnd - 1), values, path);
  const order = level === undefined ? compareValues(left, right) : compareLevels(left, right);
  const holds = {
    '==': order === 0,
    '!=': order !== 0,
    '<': order < 0,
    '<=': order <= 0,
    '>=': order >= 0,
    '>': order > 0,
  };
  return { holds: holds[operator as keyof typeof holds], rest: text.slice(rightEnd) };
}

/** Two numbers are compared as numbers, all else as text. */
function compareValues(left: string, right: string): number {
  const isNumber = /^\d+$/.test(left) && /^\d+$/.test(right);
  if (isNumber) return Number(left) - Number(right);
  return left === right ? 0 : left < right ? -1 : 1;
}

function compareLevels(left: string, right: string): number {
  const parts = (text: string) => text.split('.').map(Number);
  const [a, b] = [parts(left), parts(right)];
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
