/**
 * Publishes events and sends wake-ups after a write. An error here only delays them: the item says what is missing, and
 * the sweep repeats it.
 */

import type { DeliveryItem } from '../items/item.ts';
import { longestDelay } from '../items/policy.ts';
import { type Services, wallTime } from './services.ts';

/** What publishing needs. */
type PublishingServices = Pick<Services, 'ledger' | 'events' | 'wakeUps' | 'clock' | 'log' | 'disposal'>;

/**
 * Publishes an item's pending events and, for a deferred item due soon, sends its wake-up. A queued item is woken when
 * a place is free.
 */
export async function publish(item: DeliveryItem, services: PublishingServices): Promise<void> {
  const wakes = item.state === 'deferred' ? [wakeInTime(item, services)] : [];
  await logFailure(Promise.all([publishPending(item, services), ...wakes]), item, services);
}

/** Publishes events, and also sends the wake-up of a queued item, at its due time. */
export async function publishAndWake(item: DeliveryItem, services: PublishingServices): Promise<void> {
  await logFailure(Promise.all([publishPending(item, services), wakeInTime(item, services)]), item, services);
}

/**
 * Publishes an item's pending events and removes them from the item. Throws the first error: the events then stay
 * pending.
 */
export async function publishPending(
  item: DeliveryItem,
  { events, ledger, disposal }: Pick<Services, 'events' | 'ledger' | 'disposal'>,
): Promise<void> {
  const pending = Object.entries(item.pending);
  for (const [, event] of pending) await events.publish(event);
  const isPublished = pending.length === 0 && item.state !== 'done' && item.unpublished === undefined;
  if (item.due !== undefined && !isPublished) {
    await ledger.forgetPending(
      item,
      pending.map(([eventId]) => eventId),
    );
  }
  disposal?.add(item);
}

/** The sweep sends wake-ups for longer waits. */
async function wakeInTime(item: DeliveryItem, services: Pick<Services, 'wakeUps' | 'clock'>): Promise<void> {
  const due = item.unpublished?.due ?? item.due;
  if (due === undefined) return;
  const delay = Math.max(0, due - wallTime(services));
  if (delay <= longestDelay) await services.wakeUps.wake(item, delay);
}

async function logFailure(
  doing: Promise<unknown>,
  { id, delivery }: DeliveryItem,
  { log }: Pick<Services, 'log'>,
): Promise<void> {
  try {
    await doing;
  } catch (error) {
    log.note('warn', 'left to the sweep', { id, delivery, error });
  }
}
