/**
 * What people change: one message at a time, each change one conditional write on the item as they saw it, written down in the
 * item itself with who and why.
 *
 * A message that is being delivered is not taken out of its worker's hands: what is asked for takes effect at the end of the
 * attempt.
 */

import { inDoubtHold } from '../queue/disposition/settlement.ts';
import {
  inDoubtLimit,
  inDoubtLimitHold,
  isAtLimit,
  isHeldAtLimitAlone,
  isInDoubt,
  withoutCount,
} from '../queue/items/doubt.ts';
import { dueChanges } from '../queue/items/due.ts';
import { type DeliveryItem, type Hold, openRecipients } from '../queue/items/item.ts';
import type { DeliveryKey } from '../queue/items/messages.ts';
import type { Changes } from '../queue/items/ports.ts';
import {
  applyChange,
  type ChangeResult,
  type ChangeServices,
  hasPending,
  heldUntil,
  type Order,
  Refused,
} from '../queue/writes/apply-change.ts';

/** Holds a message. One that is being delivered is held at the end of the attempt, if anybody is left. */
export async function holdMessage(
  key: DeliveryKey,
  order: Order & { readonly hold: string; readonly until?: number },
  services: ChangeServices,
): Promise<ChangeResult> {
  const { hold: id, until, by, why: reason } = order;
  return await applyChange(key, order, services, (item, now) => {
    const hold: Hold = { id, reason, by, since: now, ...(until === undefined ? {} : { until }) };
    const holds = [...(item.holds ?? []).filter((other) => other.id !== id), hold];
    switch (item.state) {
      case 'queued':
      case 'active':
      case 'deferred':
        return {
          transition: 'hold',
          changes: { holds, ...heldUntil(holds, item, now, services) },
          what: `held (${id})`,
        };
      case 'held':
        return {
          transition: 'amend',
          changes: { holds, ...heldUntil(holds, item, now, services) },
          what: `held (${id})`,
        };
      case 'delivering':
        return { transition: 'amend', changes: { holds }, what: `to be held (${id}) when its attempt is over` };
      default:
        throw new Refused(`it is ${item.state}`);
    }
  });
}

/**
 * Takes a hold, or all of them, off a message; without any, its turn comes now, or at another moment. Whoever takes all holds away,
 * or one that is there for the sake of doubt, wants the recipients in doubt to be tried again: their count begins anew. So it does
 * on a message that is not held itself, where recipients at in_doubt_limit wait while others are tried.
 */
export async function releaseMessage(
  key: DeliveryKey,
  order: Order & { readonly hold?: string; readonly due?: number },
  services: ChangeServices,
): Promise<ChangeResult> {
  const { hold: id, due } = order;
  return await applyChange(key, order, services, (item, now) => {
    const { holds: before = [], state } = item;
    const isForDoubt = id === undefined || doubtHoldIds.has(id);
    const recount = isForDoubt ? recounted(item) : {};
    if (isForDoubt && (state === 'deferred' || state === 'queued') && isAnyAtLimit(item, services)) {
      return { transition: 'amend', changes: recount, what: 'released: recipients in doubt are tried again' };
    }
    if (state !== 'held' && state !== 'delivering') throw new Refused(`it is ${state}, not held`);
    if (before.length === 0) throw new Refused(state === 'held' ? 'its destination is held' : 'nobody holds it');
    const holds = id === undefined ? [] : before.filter((hold) => hold.id !== id);
    if (holds.length === before.length) throw new Refused(`there is no hold "${id}" on it`);
    const what = id === undefined ? 'released' : `released (${id})`;
    if (state === 'delivering') {
      return { transition: 'amend', changes: { holds: holds.length === 0 ? null : holds }, what };
    }
    if (holds.length > 0) {
      return { transition: 'amend', changes: { ...recount, holds, ...heldUntil(holds, item, now, services) }, what };
    }
    return { transition: 'release', changes: { ...recount, holds: null, due: due ?? now, unpublished: null }, what };
  });
}

/** Holds that are there for the sake of doubt. */
const doubtHoldIds: ReadonlySet<string> = new Set([inDoubtHold, inDoubtLimitHold]);

function recounted({ recipients }: DeliveryItem): Pick<Changes, 'recipients'> {
  return openRecipients({ recipients }).some(isInDoubt) ? { recipients: withoutCount(recipients) } : {};
}

/** Whether a recipient is left that is not tried again (in_doubt_limit). */
export function isAnyAtLimit(item: DeliveryItem, { parameters }: Pick<ChangeServices, 'parameters'>): boolean {
  const limit = inDoubtLimit(parameters);
  return openRecipients(item).some((recipient) => isAtLimit(recipient, limit));
}

/** What may be put right in a corrupt delivery. */
export type Edit = Pick<Changes, 'recipients' | 'sender' | 'destination' | 'mailbox' | 'message'>;

/** Takes a corrupt delivery up again, with its id and its time of arrival. */
export async function requeueMessage(
  key: DeliveryKey,
  order: Order & { readonly edit?: Edit },
  services: ChangeServices,
): Promise<ChangeResult> {
  const { edit = {} } = order;
  return await applyChange(key, order, services, (item, now) => {
    if (item.state !== 'corrupt') throw new Refused(`it is ${item.state}, not corrupt`);
    const edited = Object.keys(edit);
    const what = edited.length === 0 ? 'requeued' : `requeued with other ${edited.join(', ')}`;
    return { transition: 'requeue', changes: { ...edit, reason: null, due: now, unpublished: null }, what };
  });
}

/** Lets a message be tried at another moment than its own; now, where none is given. */
export async function rescheduleMessage(
  key: DeliveryKey,
  order: Order & { readonly due?: number },
  services: ChangeServices,
): Promise<ChangeResult> {
  return await applyChange(key, order, services, (item, now) => {
    if (item.state === 'held' && isHeldAtLimitAlone(item.holds)) throw new Refused(heldAtLimit(item));
    if (item.state !== 'deferred' && item.state !== 'queued') throw new Refused(`it is ${item.state}`);
    const due = order.due ?? now;
    const changes = dueChanges(due, hasPending(item), now);
    const excluded = isAnyAtLimit(item, services)
      ? '; recipients at in_doubt_limit are not tried: release it for that'
      : '';
    return { transition: 'amend', changes, what: `to be tried ${new Date(due).toISOString()}${excluded}` };
  });
}

/** Why a flush does not help what is held at in_doubt_limit, and what does. */
function heldAtLimit({ id, holds = [] }: DeliveryItem): string {
  const reason = holds.map((hold) => hold.reason).join('; ');
  return `it is held: ${reason}. Look in the log of the server first; if it was delivered: delete ${id} --as sent; if not: release ${id}`;
}
