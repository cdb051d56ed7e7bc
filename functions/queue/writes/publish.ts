/**
 * After an item has been moved: its events out, its wake-up on its way. Whatever fails here is only late: the item says
 * what is still to be done, and the sweep does it.
 */

import type { DeliveryItem } from '../items/item.ts';
import { longestDelay } from '../items/policy.ts';
import { type Services, wallTime } from './services.ts';

/** What publishing needs. */
type PublishingServices = Pick<Services, 'ledger' | 'events' | 'wakeUps' | 'clock' | 'log' | 'disposal'>;

/**
 * Publishes an item's pending events and, where it is deferred for a short while, sends its wake-up. What is queued for a place
 * is woken when there is one.
 */
export async function publish(item: DeliveryItem, services: PublishingServices): Promise<void> {
  const wakes = item.state === 'deferred' ? [wakeInTime(item, services)] : [];
  await leftToSweep(Promise.all([publishPending(item, services), ...wakes]), item, services);
}

/** The same for an item whose turn comes at a time of its own, although it is queued. */
export async function publishAndWake(item: DeliveryItem, services: PublishingServices): Promise<void> {
  await leftToSweep(Promise.all([publishPending(item, services), wakeInTime(item, services)]), item, services);
}

/** Publishes an item's pending events and forgets them. What fails is thrown: the events then stay pending. */
export async function publishPending(
  item: DeliveryItem,
  { events, ledger, disposal }: Pick<Services, 'events' | 'ledger' | 'disposal'>,
): Promise<void> {
  const pending = Object.entries(item.pending);
  for (const [, event] of pending) await events.publish(event);
  const isTold = pending.length === 0 && item.state !== 'done' && item.unpublished === undefined;
  if (item.due !== undefined && !isTold) {
    await ledger.forgetPending(
      item,
      pending.map(([eventId]) => eventId),
    );
  }
  disposal?.note(item);
}

/** Longer waits are the sweep's: it finds what falls due before it runs again. */
async function wakeInTime(item: DeliveryItem, services: Pick<Services, 'wakeUps' | 'clock'>): Promise<void> {
  const due = item.unpublished?.due ?? item.due;
  if (due === undefined) return;
  const delay = Math.max(0, due - wallTime(services));
  if (delay <= longestDelay) await services.wakeUps.wake(item, delay);
}

async function leftToSweep(
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
