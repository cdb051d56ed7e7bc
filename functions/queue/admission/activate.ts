/**
 * Activates a delivery when its wake-up arrives, if the item has not moved since and its destination has a place in
 * active.
 */

import { waitForPlace } from '../destinations/refill.ts';
import type { QueueServices } from '../destinations/services.ts';
import { holdsThatLast, withholding } from '../items/due.ts';
import type { DeliveryItem } from '../items/item.ts';
import type { WakeUp } from '../items/messages.ts';
import { activeGrace } from '../items/policy.ts';
import { readOrSkip } from '../writes/malformed.ts';
import { wallTime } from '../writes/services.ts';
import type { Acceptance } from './admit-request.ts';
import { reroute } from './reroute.ts';

/**
 * Moves a delivery to active, queued or held. A stale or duplicate wake-up changes nothing.
 *
 * @param acceptance returns the transport map, which parked mail is looked up in again; absent: parked mail stays
 *   parked
 */
export async function activate(
  wakeUp: WakeUp,
  services: QueueServices,
  acceptance?: () => Promise<Acceptance>,
): Promise<void> {
  const { wakeUps, log } = services;
  const { id, delivery, generation } = wakeUp;
  const item = await readOrSkip(wakeUp, services);
  if (item === 'skipped') return;
  if (item === undefined) {
    log.note('warn', 'wake-up for a delivery that is not in the table', { id, delivery });
    return;
  }
  // The wake-up is repeated because the send after the write failed, or because lmtp handed its message back.
  if (item.state === 'active' && (item.generation === generation + 1 || item.generation === generation)) {
    await wakeUps.activate(item);
    return;
  }
  if ((item.state !== 'deferred' && item.state !== 'queued') || item.generation !== generation) {
    log.note('info', 'stale wake-up', { id, delivery, generation, state: item.state, now: item.generation });
    return;
  }
  const routed = acceptance === undefined ? item : await reroute(item, acceptance, services);
  if (routed !== undefined) await activateOrQueue(routed, services);
}

async function activateOrQueue(item: DeliveryItem, services: QueueServices): Promise<void> {
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
      else scheduler.giveBackPlace(item);
      return;
    }
    default:
      place satisfies never;
  }
}

/** Moves a deferred delivery to queued; undefined if another process has moved it. */
async function enqueue(item: DeliveryItem, now: number, { ledger }: QueueServices): Promise<DeliveryItem | undefined> {
  const moved = await ledger.move('enqueue', item, { due: now, unpublished: null });
  return moved.kind === 'moved' ? moved.item : undefined;
}
