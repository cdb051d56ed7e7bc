/**
 * Where a new delivery begins: in active, or behind those that wait for a place there, or held with its destination.
 */

import { waitForPlace } from '../destinations/refill.ts';
import type { QueueServices } from '../destinations/services.ts';
import { mailboxOf } from '../destinations/unit.ts';
import type { DeliveryItem } from '../items/item.ts';
import type { Moved } from '../items/ports.ts';
import { isUnreadable, orUnreadable } from '../items/unreadable-item.ts';
import { wallTime } from '../writes/services.ts';

/**
 * Puts a new item in. Where it is to be delivered (`active`), its state and message group are found here; the answer says
 * which they are, and only what is in active then is to be sent there.
 */
export async function admitItem(item: DeliveryItem, services: QueueServices): Promise<Moved> {
  const { ledger, scheduler } = services;
  if (item.state !== 'active') return await ledger.admit(item);
  const counted = withMailbox(item, services);
  const place = await scheduler.place(item, services);
  const group = await scheduler.group(counted, services);
  const { due, ...rest } = counted;
  const placed: Readonly<Record<typeof place, DeliveryItem>> = {
    active: { ...counted, group },
    // Its turn may come at once.
    queued: { ...counted, group, state: 'queued', due: wallTime(services) },
    held: { ...rest, group, state: 'held' },
  };
  const moved = await orUnreadable(ledger.admit(placed[place]));
  if (isUnreadable(moved)) {
    if (place === 'active') scheduler.leave(item);
    throw moved;
  }
  // It was there already, and has its place.
  if (place === 'active' && moved.kind === 'behind') scheduler.leave(item);
  if (place === 'queued' && moved.kind === 'moved') await waitForPlace(moved.item, services);
  return moved;
}

/** With one recipient in each delivery, the mailbox is what concurrency is counted by (recipient_delimiter). */
function withMailbox(item: DeliveryItem, { parameters }: QueueServices): DeliveryItem {
  const { lmtp_destination_recipient_limit: limit, recipient_delimiter: delimiter } = parameters;
  const [recipient] = item.recipients;
  if (limit !== 1 || recipient === undefined) return item;
  return { ...item, mailbox: mailboxOf(recipient.address, delimiter) };
}
