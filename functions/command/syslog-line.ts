/**
 * The head of a line in maillog: time, host, program and process, as syslogd writes them and as programs that read maillog expect
 * them.
 *
 *     Nov 22 08:00:01 LambdaLmtp postfix/lmtp[43981]: 4bXq1: to=<bob@example.com>, ...
 */

import { escaped } from '../log/postfix-line.ts';
import { trailing } from '../smtp/ends.ts';
import type { ProgramEvent } from './log-reading.ts';

/** Format of the time: that of RFC 3164, or that of RFC 3339, which newer syslogds write. */
export const timeForms = ['syslog', 'rfc3339'] as const;
export type TimeForm = (typeof timeForms)[number];

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/**
 * Returns the head of a line, with a blank at its end.
 *
 * @param host name of the stack
 */
export function syslogHead({ at, program, stream }: ProgramEvent, host: string, form: TimeForm): string {
  return `${timeOf(at, form)} ${escaped(host)} postfix/${program}[${processOf(stream)}]: `;
}

/** Formats a time in UTC, as everywhere else. */
function timeOf(milliseconds: number, form: TimeForm): string {
  const time = new Date(milliseconds);
  if (form === 'rfc3339') return time.toISOString().replace('Z', '+00:00');
  const day = String(time.getUTCDate()).padStart(2);
  return `${months[time.getUTCMonth()]} ${day} ${time.toISOString().slice(11, 19)}`;
}

/** A number in place of the process id, from the container's log stream: `2026/11/22/[$LATEST]abcd...`. */
function processOf(stream: string): number {
  const digits = trailing(stream, (character) => /[0-9a-f]/.test(character));
  return digits.length < 4 ? 1 : Number.parseInt(digits.slice(0, 4), 16);
}
