/**
 * Stable short names for things: requests, plans, groups and events.
 */

import { hash } from 'node:crypto';

/** SHA-256 of a value's canonical JSON, in hexadecimal; keys in any order give the same. */
export function hashOf(value: unknown): string {
  return hash('sha256', canonical(value));
}

/** A number from 0 up to, not including, `slots`, the same for the same text. */
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
