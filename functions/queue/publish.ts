/**
 * After an item has been moved: its events out, its wake-up on its way. Whatever fails here is only late: the item says
 * what is still to be done, and the sweep does it.
 */

import type { DeliveryItem } from './item.ts';
import { longestDelay } from './policy.ts';
import { type Services, wallTime } from './services.ts';

/** Publishes an item's pending events and, where it is deferred for a short while, sends its wake-up. */
export async function publish(item: DeliveryItem, services: Services): Promise<void> {
  try {
    await Promise.all([publishPending(item, services), wake(item, services)]);
  } catch (error) {
    const { id, delivery } = item;
    services.log.note('warn', 'left to the sweep', { id, delivery, error });
  }
}

/** Publishes an item's pending events and forgets them. What fails is thrown: the events then stay pending. */
export async function publishPending(item: DeliveryItem, { events, ledger }: Services): Promise<void> {
  const pending = Object.entries(item.pending);
  for (const [, event] of pending) await events.publish(event);
  const isTold = pending.length === 0 && item.state !== 'done' && item.unpublished === undefined;
  if (item.due === undefined || isTold) return;
  await ledger.forgetPending(
    item,
    pending.map(([eventId]) => eventId),
  );
}

/** Longer waits are the sweep's: it finds what falls due before it runs again. */
async function wake(item: DeliveryItem, services: Services): Promise<void> {
  const due = item.unpublished?.due ?? item.due;
  if (due === undefined) return;
  const delay = due - wallTime(services);
  // What waits for a place, and no more for a time, is woken when there is one.
  if (item.state !== 'deferred' && (item.state !== 'queued' || delay <= 0)) return;
  if (delay <= longestDelay) await services.wakeUps.wake(item, Math.max(0, delay));
}
