/**
 * From deferred back to active: a wake-up arrives, and its item is still the one that it was sent for.
 */

import type { WakeUp } from './messages.ts';
import { activeGrace } from './policy.ts';
import { type Services, wallTime } from './services.ts';

/** Puts a delivery into active. A wake-up that is stale or doubled changes nothing; when it comes is up to whoever sent it. */
export async function activate(wakeUp: WakeUp, services: Services): Promise<void> {
  const { ledger, wakeUps, log } = services;
  const { id, delivery, generation } = wakeUp;
  const item = await ledger.read(wakeUp);
  if (item === undefined) {
    log.note('warn', 'wake-up for a delivery that is not in the table', { id, delivery });
    return;
  }
  // The table was written and the send was not: the wake-up came back to do the rest.
  if (item.state === 'active' && item.generation === generation + 1) {
    await wakeUps.activate(item);
    return;
  }
  if ((item.state !== 'deferred' && item.state !== 'queued') || item.generation !== generation) {
    log.note('info', 'stale wake-up', { id, delivery, generation, state: item.state, now: item.generation });
    return;
  }
  const now = wallTime(services);
  const moved = await ledger.move('activate', item, { due: now + activeGrace, activated: now });
  if (moved.kind === 'moved') await wakeUps.activate(moved.item);
}
