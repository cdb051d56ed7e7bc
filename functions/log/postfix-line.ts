/**
 * A delivery line in Postfix's format, as log_adhoc(3) writes it.
 *
 *     4bXq1: to=<bob@example.com>, relay=host[10.0.1.7]:24, delay=0.34, delays=0.1/0/0.02/0.22, dsn=2.0.0, status=sent (250 ...)
 */

import { escapedLine } from '../smtp/control-characters.ts';
import type { DeliveryLine } from './delivery-line.ts';

/** Returns the line. Text of the server or the envelope is escaped, so that it stays one line. */
export function postfixLine(record: DeliveryLine): string {
  const { id, recipient, orig, relay, conn_use, delay, delays, dsn, status, text } = record;
  return [
    `${escaped(id)}: to=<${escaped(recipient)}>`,
    ...(orig === null || orig.toLowerCase() === recipient.toLowerCase() ? [] : [`orig_to=<${escaped(orig)}>`]),
    `relay=${escaped(relay ?? 'none')}`,
    ...(conn_use !== undefined && conn_use >= 2 ? [`conn_use=${conn_use}`] : []),
    `delay=${delay}`,
    `delays=${delays.join('/')}`,
    `dsn=${escaped(dsn)}`,
    `status=${status} (${escaped(text)})`,
  ].join(', ');
}

/** Whether a value of the log is a delivery line; others are diagnostics. */
export function isDeliveryLine(value: unknown): value is DeliveryLine {
  if (typeof value !== 'object' || value === null) return false;
  const { id, recipient, status, dsn, text, delay, delays } = value as Record<string, unknown>;
  return (
    [id, recipient, status, dsn, text].every((field) => typeof field === 'string') &&
    typeof delay === 'number' &&
    Array.isArray(delays)
  );
}

/** Replaces line breaks by blanks, and escapes other control characters, so that they have no effect on a terminal. */
export function escaped(text: string): string {
  return escapedLine(text);
}
