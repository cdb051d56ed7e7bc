/**
 * JSON from outside, before anything is known of it.
 */

import { RequestError } from './request-error.ts';

/** Objects and lists within each other; what comes in has five, and what has thousands would exhaust whoever walks it. */
const deepest = 100;

/**
 * Parses JSON that was sent to us.
 *
 * @throws RequestError where it is none, or nested without end
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

/** Whether valid JSON has more levels than that; without walking into it. */
function isDeeper(text: string, limit: number): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}
