/**
 * The port of the log.
 */

import type { DeliveryLine } from './delivery-line.ts';

/** Destination of log lines. */
export interface Log {
  /** Writes a line of the delivery log. */
  delivery(line: DeliveryLine): void;
  /** Writes any other line; `facts` contain no secrets. */
  note(level: 'info' | 'warn' | 'error', message: string, facts: Readonly<Record<string, unknown>>): void;
}
