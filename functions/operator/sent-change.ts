/**
 * Recipients in doubt that an operator records as delivered (`delete --as sent`).
 */

import { inDoubtHold } from '../queue/disposition/settlement.ts';
import { inDoubtLimitHold, isInDoubt } from '../queue/items/doubt.ts';
import { type DeliveryItem, type Hold, isFinished, type LastVerdict, openRecipients } from '../queue/items/item.ts';
import type { DeliveryKey } from '../queue/items/messages.ts';
import {
  applyChange,
  type ChangeResult,
  type ChangeServices,
  type Decision,
  heldUntil,
  type Order,
  Refused,
} from '../queue/writes/apply-change.ts';
import { finishChanges } from './removal-change.ts';

/** Records recipients in doubt as delivered; without `recipients`, all of them. */
export async function recordAsSent(
  key: DeliveryKey,
  order: Order & { readonly recipients?: readonly string[] },
  services: ChangeServices,
): Promise<ChangeResult> {
  const { by, why } = order;
  return await applyChange(key, order, services, (item, now) => {
    const { state } = item;
    if (state !== 'queued' && state !== 'deferred' && state !== 'held') throw new Refused(`it is ${state}`);
    const known =
      order.recipients ??
      openRecipients(item)
        .filter(isInDoubt)
        .map(({ address }) => address);
    checkDoubted(item, known);
    const text = `recorded as delivered: ${why}`;
    const last: LastVerdict = { status: 'sent', dsn: '2.0.0', text, at: now, attempt: item.attempt, by };
    const recipients = item.recipients.map((one) =>
      !isFinished(one) && isInDoubt(one) && known.includes(one.address) ? { ...one, last } : one,
    );
    const what = `recorded as delivered: ${known.join(', ')}`;
    if (recipients.every(isFinished)) {
      return { transition: 'remove', changes: finishChanges(item, { recipients, failed: [], now }, services), what };
    }
    return withoutDoubtHold({ ...item, recipients }, now, what, services);
  });
}

function checkDoubted(item: DeliveryItem, known: readonly string[]): void {
  if (known.length === 0) throw new Refused('no recipient is in doubt');
  const doubted = openRecipients(item).filter(isInDoubt);
  const sure = known.filter((address) => !doubted.some((one) => one.address === address));
  if (sure.length > 0) throw new Refused(`not in doubt: ${sure.join(', ')}`);
}

/** Removes the holds for recipients in doubt, once no unfinished recipient is in doubt. */
function withoutDoubtHold(item: DeliveryItem, now: number, what: string, services: ChangeServices): Decision {
  const { recipients, holds: before = [] } = item;
  const isForDoubt = ({ id }: Hold) => id === inDoubtHold || id === inDoubtLimitHold;
  const isOver = before.some(isForDoubt) && !openRecipients(item).some(isInDoubt);
  if (!isOver) return { transition: 'amend', changes: { recipients }, what };
  const holds = before.filter((hold) => !isForDoubt(hold));
  if (holds.length > 0)
    return { transition: 'amend', changes: { recipients, holds, ...heldUntil(holds, item, now, services) }, what };
  return { transition: 'release', changes: { recipients, holds: null, due: now, unpublished: null }, what };
}
