/**
 * Times, ages and numbers in words.
 */

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** Returns a length of time in its two largest units: `1d 2h`, `5m`, `42s`. */
export function inWords(milliseconds: number): string {
  const whole = Math.max(0, milliseconds);
  const at = units.findIndex(([, size]) => whole >= size);
  if (at === -1) return '0s';
  const [name, size] = units[at] ?? ['s', 1000];
  const count = Math.floor(whole / size);
  const [smaller, smallerSize] = units[at + 1] ?? ['', 0];
  const rest = smallerSize === 0 ? 0 : Math.floor((whole - count * size) / smallerSize);
  return rest === 0 ? `${count}${name}` : `${count}${name} ${rest}${smaller}`;
}

/** Returns a time in UTC, to the second. */
export function moment(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** Returns how far ahead a time is: `in 5m`, or `now`. */
export function fromNow(milliseconds: number, now: number): string {
  return milliseconds <= now ? 'now' : `in ${inWords(milliseconds - now)}`;
}

/** Returns a count with its noun: `1 message`, `2 messages`, `1,234 messages`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

/** Returns a size: `812 B`, `48 kB`, `2.1 MB`. */
export function octets(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 999_500) return `${Math.round(count / 1000)} kB`;
  return `${(count / 1_000_000).toFixed(1)} MB`;
}
