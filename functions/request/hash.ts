/**
 * Stable short names for requests, plans, groups and events.
 */

import { hash } from 'node:crypto';

/** Returns the SHA-256 of a value's canonical JSON, in hexadecimal; the order of keys does not matter. */
export function hashOf(value: unknown): string {
  return hash('sha256', canonical(value));
}

/** Returns a number from 0 up to, not including, `slots`; always the same for the same text. */
export function slotOf(text: string, slots: number): number {
  return Number.parseInt(hashOf(text).slice(0, 12), 16) % slots;
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}
