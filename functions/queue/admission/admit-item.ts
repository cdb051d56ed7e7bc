/**
 * Chooses the first state of a new delivery: active, queued (no place in active is free) or held (its destination is
 * held, or a verdict of Amazon SES holds it).
 */

import { waitForPlace } from '../destinations/refill.ts';
import type { QueueServices } from '../destinations/services.ts';
import { mailboxOf } from '../destinations/unit.ts';
import type { DeliveryItem } from '../items/item.ts';
import type { Moved } from '../items/ports.ts';
import { isUnreadable, orUnreadable } from '../items/unreadable-item.ts';
import { wallTime } from '../writes/services.ts';

/**
 * Writes a new item. For an item in state `active`, the function chooses the state and the message group; the caller
 * sends a wake-up only if the result is still active.
 */
export async function admitItem(item: DeliveryItem, services: QueueServices): Promise<Moved> {
  const { ledger, scheduler } = services;
  if (item.state === 'done') return await ledger.admit(item);
  const counted = withMailbox(item, services);
  if (item.state !== 'active') return await ledger.admit(counted);
  const place = await scheduler.place(item, services);
  const group = await scheduler.group(counted, services);
  const { due, ...rest } = counted;
  const placed: Readonly<Record<typeof place, DeliveryItem>> = {
    active: { ...counted, group },
    // A place may become free at once.
    queued: { ...counted, group, state: 'queued', due: wallTime(services) },
    held: { ...rest, group, state: 'held' },
  };
  const moved = await orUnreadable(ledger.admit(placed[place]));
  if (isUnreadable(moved)) {
    if (place === 'active') scheduler.giveBackPlace(item);
    throw moved;
  }
  // The item was written before, and its place was counted then.
  if (place === 'active' && moved.kind === 'behind') scheduler.giveBackPlace(item);
  if (place === 'queued' && moved.kind === 'moved') await waitForPlace(moved.item, services);
  return moved;
}

/** With one recipient in each delivery, concurrency is counted by mailbox (recipient_delimiter). */
function withMailbox(item: DeliveryItem, { parameters }: QueueServices): DeliveryItem {
  const { lmtp_destination_recipient_limit: limit, recipient_delimiter: delimiter } = parameters;
  const [recipient] = item.recipients;
  if (limit !== 1 || recipient === undefined) return item;
  return { ...item, mailbox: mailboxOf(recipient.address, delimiter) };
}
