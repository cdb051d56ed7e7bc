/**
 * An operator's changes to one message. Each is one conditional write on the item that was read; the item's history names the
 * author and the reason.
 *
 * A change to a message that is being delivered does not interrupt the worker: it takes effect at the end of the attempt.
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

/** Holds a message. One that is being delivered is held at the end of the attempt, unless that finishes it. */
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
 * Removes one hold, or all, from a message. Without holds it is due now, or at `due`. The removal of all holds, or of one for
 * recipients in doubt, also restarts the count of attempts in doubt, so that these recipients are retried. The same holds for a
 * message that is not held, but has recipients at in_doubt_limit.
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
      return { transition: 'amend', changes: recount, what: 'released: recipients in doubt are retried' };
    }
    if (state !== 'held' && state !== 'delivering') throw new Refused(`it is ${state}, not held`);
    if (before.length === 0) throw new Refused(state === 'held' ? 'its destination is held' : 'it has no hold');
    const holds = id === undefined ? [] : before.filter((hold) => hold.id !== id);
    if (holds.length === before.length) throw new Refused(`it has no hold "${id}"`);
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

/** Names of the holds for recipients in doubt. */
const doubtHoldIds: ReadonlySet<string> = new Set([inDoubtHold, inDoubtLimitHold]);

function recounted({ recipients }: DeliveryItem): Pick<Changes, 'recipients'> {
  return openRecipients({ recipients }).some(isInDoubt) ? { recipients: withoutCount(recipients) } : {};
}

/** Whether an unfinished recipient is at in_doubt_limit, and so not retried. */
export function isAnyAtLimit(item: DeliveryItem, { parameters }: Pick<ChangeServices, 'parameters'>): boolean {
  const limit = inDoubtLimit(parameters);
  return openRecipients(item).some((recipient) => isAtLimit(recipient, limit));
}

/** The fields of a corrupt delivery that an operator may repair. */
export type Edit = Pick<Changes, 'recipients' | 'sender' | 'destination' | 'mailbox' | 'message'>;

/** Queues a corrupt delivery again, with its id and its time of arrival. */
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

/** Moves the next attempt of a message to `due`; default: now. */
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
      ? '; not for recipients at in_doubt_limit: to try those too, release it'
      : '';
    return { transition: 'amend', changes, what: `to be tried ${new Date(due).toISOString()}${excluded}` };
  });
}

/** Why a flush does not try a message that is held at in_doubt_limit, and what the operator can do. */
function heldAtLimit({ id, holds = [] }: DeliveryItem): string {
  const reason = holds.map((hold) => hold.reason).join('; ');
  return `it is held: ${reason}. Look in the log of the server first; if it was delivered: delete ${id} --as sent; if not: release ${id}`;
}
