/**
 * The delivery log of a settlement, line by line; what it says is counted where it is written.
 */

import { type DeliveryLine, lineFormat } from '../../log/delivery-line.ts';
import { countLine } from '../../metrics/count-line.ts';
import { attemptOf, type FoundFormat, foundLines } from '../disposition/found-lines.ts';
import { inDoubtLimit, inDoubtLimitHold } from '../items/doubt.ts';
import type { DeliveryItem } from '../items/item.ts';
import type { Services } from '../writes/services.ts';

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

/** What the log says when a delivery comes to be held at in_doubt_limit; an alarm counts it. */
export const heldAtLimitNote = 'held: the attempts to all remaining recipients ended in doubt too often';

/** Tells that a delivery has just come to be held because only recipients at in_doubt_limit are left, where that is so. */
export function noteHeldAtLimit(
  { id, delivery, destination, state, holds = [] }: DeliveryItem,
  { log, metrics }: Pick<Services, 'log' | 'metrics'>,
): void {
  const hold = holds.find((one) => one.id === inDoubtLimitHold);
  if (state !== 'held' || hold === undefined) return;
  metrics?.add('HeldInDoubt');
  log.note('error', heldAtLimitNote, { id, delivery, destination, reason: hold.reason });
}

/** How lines are written that are found. */
export function foundFormat({ parameters }: Pick<Services, 'parameters'>): FoundFormat {
  return { ...lineFormat(parameters), inDoubtLimit: inDoubtLimit(parameters) };
}

/**
 * Writes the lines of the attempt that was settled in a generation, from the item: its message has come again, so its worker died
 * before it deleted the message, and perhaps before it wrote them. Where none was settled there are none.
 */
export function logFound(
  item: DeliveryItem,
  generation: number,
  services: Pick<Services, 'log' | 'metrics' | 'parameters'>,
): void {
  const attempt = attemptOf(item, generation);
  if (attempt === undefined) return;
  logDeliveries(foundLines(item, attempt, foundFormat(services)), item, services);
}
