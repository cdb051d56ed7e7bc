/**
 * What stands before a line in maillog: time, host, program and process, as syslogd writes them and as programs that read maillog
 * want them.
 *
 *     Nov 22 08:00:01 LambdaLmtp postfix/lmtp[43981]: 4bXq1: to=<bob@example.com>, ...
 */

import { escaped } from '../log/postfix-line.ts';
import type { ProgramEvent } from './log-reading.ts';

/** How the time is written: as RFC 3164 has it, or RFC 3339 as newer syslogds do. */
export const timeForms = ['syslog', 'rfc3339'] as const;
export type TimeForm = (typeof timeForms)[number];

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/**
 * What stands before a line, with a blank at its end.
 *
 * @param host name of the stack
 */
export function syslogHead({ at, program, stream }: ProgramEvent, host: string, form: TimeForm): string {
  return `${timeOf(at, form)} ${escaped(host)} postfix/${program}[${processOf(stream)}]: `;
}

/** In UTC, as all other times that we show. */
function timeOf(milliseconds: number, form: TimeForm): string {
  const time = new Date(milliseconds);
  if (form === 'rfc3339') return time.toISOString().replace('Z', '+00:00');
  const day = String(time.getUTCDate()).padStart(2);
  return `${months[time.getUTCMonth()]} ${day} ${time.toISOString().slice(11, 19)}`;
}

/** A number that tells containers apart, as process ids do: each has a stream, `2026/11/22/[$LATEST]abcd...`. */
function processOf(stream: string): number {
  const [, digits] = /([0-9a-f]{4})[0-9a-f]*$/.exec(stream) ?? [];
  return digits === undefined ? 1 : Number.parseInt(digits, 16);
}
