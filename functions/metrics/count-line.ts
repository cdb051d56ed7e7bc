/**
 * Counts lines of the delivery log as metrics, once each, when they are written.
 */

import type { DeliveryLine } from '../log/delivery-line.ts';
import { classMetric } from './classes.ts';
import type { Metrics } from './metrics.ts';

/** The metric for each status; expired recipients count as bounced. */
const counted = { sent: 'Sent', deferred: 'Deferred', bounced: 'Bounced', expired: 'Bounced' } as const;

/** The four parts of a delay, in the order of the line. */
const parts = ['DelayBeforeActive', 'DelayInActive', 'DelaySetUp', 'DelayTransfer'] as const;

/** Counts a line. */
export function countLine(
  { status, dsn, in_doubt, in_doubt_known, delay, delays }: DeliveryLine,
  destination: string,
  metrics: Metrics,
): void {
  const name = counted[status];
  metrics.add(name, 1, destination);
  // Doubt is counted once, for the attempt that caused it.
  if (in_doubt === true && in_doubt_known !== true) metrics.add('InDoubt', 1, destination);
  if (name !== 'Sent') {
    metrics.add(classMetric(name, dsn));
    return;
  }
  metrics.add('Delay', delay, destination);
  for (const [index, part] of parts.entries()) metrics.add(part, delays[index]);
}
