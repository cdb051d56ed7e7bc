/**
 * Dates and times of RFC 3339. Date.parse reads days that do not exist as later ones: 30 February is 2 March, and 24:00 the next day.
 */

const form =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)[Tt](?<hour>\d\d):(?<minute>\d\d)(?<seconds>:(?<second>\d\d)(?:\.\d{1,9})?)?(?:[Zz]|[+-](?<offsetHour>\d\d):(?<offsetMinute>\d\d))$/;

/** The result of reading: milliseconds since 1970, or what is wrong, as the end of a sentence. */
export type DateTime = { readonly time: number } | { readonly fault: string };

/**
 * Reads an RFC 3339 time; a leap second is refused, because the clock of Unix has none.
 *
 * @param wantsSeconds whether the seconds may be absent
 */
export function readDateTime(
  text: string,
  { wantsSeconds = true }: { readonly wantsSeconds?: boolean } = {},
): DateTime {
  const groups = form.exec(text)?.groups;
  if (groups === undefined || (wantsSeconds && groups['seconds'] === undefined)) {
    return { fault: 'is not an RFC 3339 time such as 2026-11-22T08:00:00Z' };
  }
  const part = (name: string) => Number(groups[name] ?? 0);
  const [year, month] = [part('year'), part('month')];
  const bounds = [
    ['month', 1, 12],
    ['day', 1, month >= 1 && month <= 12 ? daysIn(year, month) : 31],
    ['hour', 0, 23],
    ['minute', 0, 59],
    ['second', 0, 59],
    ['offsetHour', 0, 23],
    ['offsetMinute', 0, 59],
  ] as const;
  const wrong = bounds.find(([name, least, most]) => part(name) < least || part(name) > most);
  if (wrong === undefined) return { time: Date.parse(text.toUpperCase()) };
  const [name, least, most] = wrong;
  const named = name.replace(/^offset(.+)/, (_, unit: string) => `${unit.toLowerCase()} of the offset`);
  return { fault: `is a time that does not exist: the ${named} must be ${least} to ${most}` };
}

/** Whether a value is an RFC 3339 time. */
export function isDateTime(value: unknown): value is string {
  return typeof value === 'string' && 'time' in readDateTime(value);
}

function daysIn(year: number, month: number): number {
  const date = new Date(0);
  // Date.UTC would read a year below 100 as one of the twentieth century. Day 0 is the last of the month before.
  date.setUTCFullYear(year, month, 0);
  return date.getUTCDate();
}
