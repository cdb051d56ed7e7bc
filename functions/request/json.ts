/**
 * Parses JSON from outside.
 */

import { jsonStructure } from '../json/structure.ts';
import { quote } from './fields.ts';
import { RequestError } from './request-error.ts';

/** Levels of nesting: input has about five; thousands would overflow the stack of code that walks it. */
const deepest = 100;

/**
 * Parses JSON from outside.
 *
 * @throws RequestError if it is invalid, nested too deeply, or has a field twice: JSON.parse would silently take the last one
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RequestError('request', `is not JSON: ${cause instanceof Error ? cause.message : ''}`, { cause });
  }
  const { depth, repeated } = jsonStructure(text);
  if (depth > deepest) throw new RequestError('request', `is nested in more than ${deepest} levels`);
  if (repeated === undefined) return value;
  const { path, line, column } = repeated;
  throw new RequestError(path || 'request', `${quote(repeated.name)} is given twice (line ${line} column ${column})`);
}
