/**
 * The log, as the queue sees it.
 */

import type { DeliveryLine } from './delivery-line.ts';

/** Where lines go. */
export interface Log {
  /** The delivery log. */
  delivery(line: DeliveryLine): void;
  /** Anything else worth a line; `facts` hold no secrets. */
  note(level: 'info' | 'warn' | 'error', message: string, facts: Readonly<Record<string, unknown>>): void;
}
