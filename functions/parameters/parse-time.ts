/**
 * Times in Postfix's notation.
 */

/** Seconds in each unit. */
const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Returns a time in milliseconds; `undefined` if the text is not a time. */
export function parseTime(text: string): number | undefined {
  const match = /^(\d{1,9})([smhdw]?)$/.exec(text.trim());
  if (match === null) return undefined;
  return Number(match[1]) * (units[match[2] ?? ''] ?? 1) * 1000;
}
