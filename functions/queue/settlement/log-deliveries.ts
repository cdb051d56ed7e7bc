/**
 * Writes the delivery log of a settlement and counts its lines as metrics.
 */

import { type DeliveryLine, lineFormat } from '../../log/delivery-line.ts';
import { countLine } from '../../metrics/count-line.ts';
import { attemptOf, type FoundFormat, foundLines } from '../disposition/found-lines.ts';
import { inDoubtLimit, inDoubtLimitHold } from '../items/doubt.ts';
import type { DeliveryItem } from '../items/item.ts';
import type { Services } from '../writes/services.ts';

/** Writes and counts the lines of a delivery. */
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

/** Log message for a delivery that becomes held at in_doubt_limit; an alarm counts it. */
export const heldAtLimitNote = 'held: the attempts to all remaining recipients ended in doubt too often';

/** Logs that a delivery has become held at in_doubt_limit, if it has. */
export function logHeldAtLimit(
  { id, delivery, destination, state, holds = [] }: DeliveryItem,
  { log, metrics }: Pick<Services, 'log' | 'metrics'>,
): void {
  const hold = holds.find((one) => one.id === inDoubtLimitHold);
  if (state !== 'held' || hold === undefined) return;
  metrics?.add('HeldInDoubt');
  log.note('error', heldAtLimitNote, { id, delivery, destination, reason: hold.reason });
}

/** Returns the format of reconstructed lines. */
export function foundFormat({ parameters }: Pick<Services, 'parameters'>): FoundFormat {
  return { ...lineFormat(parameters), inDoubtLimit: inDoubtLimit(parameters) };
}

/**
 * Writes the lines of the attempt that was settled in a generation, from the item. Its message came again, so its
 * worker crashed before it deleted the message, and perhaps before it wrote the lines. Without such an attempt nothing
 * is written.
 */
export function logFoundLines(
  item: DeliveryItem,
  generation: number,
  services: Pick<Services, 'log' | 'metrics' | 'parameters'>,
): void {
  const attempt = attemptOf(item, generation);
  if (attempt === undefined) return;
  logDeliveries(foundLines(item, attempt, foundFormat(services)), item, services);
}
