/**
 * Held because only recipients at in_doubt_limit are left: none of them is tried again by itself. The sender is warned as of all
 * mail that is late, and the hold ends with the lifetime of the message.
 */

import { letGo } from '../destinations/release-held.ts';
import { noteSettled } from '../disposition/found-lines.ts';
import { type Settlement, settle } from '../disposition/settlement.ts';
import type { DeliveryItem } from '../items/item.ts';
import { publish } from '../writes/publish.ts';
import { type Services, wallTime } from '../writes/services.ts';
import { logDeliveries } from './log-deliveries.ts';
import { settlementRules } from './settlement-rules.ts';

/**
 * Settles a delivery that nothing but the limit holds, as of now: no attempt is made, but one is counted where the sender is told
 * something, so that each event has a number of its own. It belongs to no generation: the message of active that is of this one
 * tells of the attempt before.
 *
 * Returns where the delivery goes: `done` when its lifetime is over, `held` while it is not, `deferred` when the limit, which a
 * deployment may have raised, holds it no more; undefined where another process has moved it.
 */
export async function settleAtLimit(item: DeliveryItem, services: Services): Promise<Settlement['to'] | undefined> {
  const now = wallTime(services);
  const settlement = settle({ ...settlementRules(services), item, verdicts: new Map(), begun: now, now });
  const { to, changes, lines, events } = settlement;
  if (to === 'deferred') return (await letGo(item, now, services)).kind === 'moved' ? to : undefined;
  const moved = await services.ledger.move(to === 'done' ? 'expire' : 'amend', item, {
    ...changes,
    ...(events.length > 0
      ? { settled: noteSettled(item, 0) }
      : { attempt: item.attempt, settled: item.settled ?? null }),
  });
  if (moved.kind !== 'moved') return undefined;
  logDeliveries(lines, item, services);
  await publish(moved.item, services);
  return to;
}
