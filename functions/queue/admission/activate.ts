/**
 * Into active: a wake-up arrives, its item is still the one that it was sent for, and its destination has a place.
 */

import { waitForPlace } from '../destinations/refill.ts';
import type { QueueServices } from '../destinations/services.ts';
import { holdsThatLast, withholding } from '../items/due.ts';
import type { DeliveryItem } from '../items/item.ts';
import type { WakeUp } from '../items/messages.ts';
import { activeGrace } from '../items/policy.ts';
import { readOrLeave } from '../writes/malformed.ts';
import { wallTime } from '../writes/services.ts';
import { reroute } from './reroute.ts';
import type { Acceptance } from './take-in.ts';

/**
 * Puts a delivery into active. A wake-up that is stale or doubled changes nothing; when it comes is up to whoever sent it.
 *
 * @param acceptance where the transport map is found, which parked mail is looked up in again; absent: it stays parked
 */
export async function activate(
  wakeUp: WakeUp,
  services: QueueServices,
  acceptance?: () => Promise<Acceptance>,
): Promise<void> {
  const { wakeUps, log } = services;
  const { id, delivery, generation } = wakeUp;
  const item = await readOrLeave(wakeUp, services);
  if (item === 'left') return;
  if (item === undefined) {
    log.note('warn', 'wake-up for a delivery that is not in the table', { id, delivery });
    return;
  }
  // The table was written and the send was not: the wake-up came back to do the rest. Or lmtp handed its message back.
  if (item.state === 'active' && (item.generation === generation + 1 || item.generation === generation)) {
    await wakeUps.activate(item);
    return;
  }
  if ((item.state !== 'deferred' && item.state !== 'queued') || item.generation !== generation) {
    log.note('info', 'stale wake-up', { id, delivery, generation, state: item.state, now: item.generation });
    return;
  }
  const routed = acceptance === undefined ? item : await reroute(item, acceptance, services);
  if (routed !== undefined) await take(routed, services);
}

async function take(item: DeliveryItem, services: QueueServices): Promise<void> {
  const { ledger, wakeUps, scheduler } = services;
  const now = wallTime(services);
  const isHeld = holdsThatLast(item.holds ?? [], now).length > 0;
  const place = isHeld ? 'held' : await scheduler.place(item, services);
  switch (place) {
    case 'held':
      await ledger.move('withhold', item, withholding(item, now));
      return;
    case 'queued': {
      const waiting = item.state === 'queued' ? item : await enqueue(item, now, services);
      if (waiting !== undefined) await waitForPlace(waiting, services);
      return;
    }
    case 'active': {
      const group = await scheduler.group(item, services);
      const changes = { group, due: now + activeGrace, activated: now, unpublished: null };
      const moved = await ledger.move('activate', item, changes);
      if (moved.kind === 'moved') await wakeUps.activate(moved.item);
      else scheduler.leave(item);
      return;
    }
    default:
      place satisfies never;
  }
}

/** Puts a deferred delivery behind those that wait; nothing where somebody else has moved it. */
async function enqueue(item: DeliveryItem, now: number, { ledger }: QueueServices): Promise<DeliveryItem | undefined> {
  const moved = await ledger.move('enqueue', item, { due: now, unpublished: null });
  return moved.kind === 'moved' ? moved.item : undefined;
}
