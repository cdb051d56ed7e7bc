/**
 * The delivery log of a settlement, line by line; what it says is counted where it is written.
 */

import type { DeliveryLine } from '../disposition/delivery-line.ts';
import { countLine } from '../metrics/count-line.ts';
import type { DeliveryItem } from './item.ts';
import type { Services } from './services.ts';

/** Writes the lines of a delivery. */
export function logDeliveries(
  lines: readonly DeliveryLine[],
  { destination }: Pick<DeliveryItem, 'destination'>,
  { log, metrics }: Pick<Services, 'log' | 'metrics'>,
): void {
  for (const line of lines) {
    log.delivery(line);
    if (metrics !== undefined) countLine(line, destination, metrics);
  }
}
