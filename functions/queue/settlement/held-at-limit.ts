/**
 * Deliveries held because all remaining recipients are at in_doubt_limit. They are not retried automatically. The
 * sender gets a delay warning, and the hold ends with the lifetime of the message.
 */

import { releaseDelivery } from '../destinations/release-held.ts';
import { appendGeneration } from '../disposition/found-lines.ts';
import { type Settlement, settle } from '../disposition/settlement.ts';
import type { DeliveryItem } from '../items/item.ts';
import { publish } from '../writes/publish.ts';
import { type Services, wallTime } from '../writes/services.ts';
import { logDeliveries } from './log-deliveries.ts';
import { settlementRules } from './settlement-rules.ts';

/**
 * Updates a delivery that only the limit holds, without an attempt. One is counted if the sender gets an event, so that
 * each event has a number of its own. It has generation 0, because the message of this generation belongs to the
 * attempt before.
 *
 * Returns the new state: `done` after the lifetime, `held` before it, `deferred` if the limit was raised meanwhile.
 * Undefined: another process has moved it.
 */
export async function updateHeldAtLimit(item: DeliveryItem, services: Services): Promise<Settlement['to'] | undefined> {
  const now = wallTime(services);
  const settlement = settle({ ...settlementRules(services), item, verdicts: new Map(), begun: now, now });
  const { to, changes, lines, events } = settlement;
  if (to === 'deferred') return (await releaseDelivery(item, now, services)).kind === 'moved' ? to : undefined;
  const moved = await services.ledger.move(to === 'done' ? 'expire' : 'amend', item, {
    ...changes,
    ...(events.length > 0
      ? { settled: appendGeneration(item, 0) }
      : { attempt: item.attempt, settled: item.settled ?? null }),
  });
  if (moved.kind !== 'moved') return undefined;
  logDeliveries(lines, item, services);
  await publish(moved.item, services);
  return to;
}
