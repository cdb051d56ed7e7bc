/**
 * Parses JSON from outside.
 */

import { RequestError } from './request-error.ts';

/** Levels of nesting: input has about five; thousands would overflow the stack of code that walks it. */
const deepest = 100;

/**
 * Parses JSON from outside.
 *
 * @throws RequestError if it is invalid, or nested too deeply
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RequestError('request', `is not JSON: ${cause instanceof Error ? cause.message : ''}`, { cause });
  }
  if (isDeeper(text, deepest)) throw new RequestError('request', `is nested in more than ${deepest} levels`);
  return value;
}

/** Whether valid JSON has more levels, without recursion. */
function isDeeper(text: string, limit: number): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}
