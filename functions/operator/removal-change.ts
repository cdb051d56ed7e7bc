/**
 * The removal of a message, or of some of its recipients.
 */

import { bounceEvents, type FailedRecipient } from '../queue/disposition/bounce-event.ts';
import { isInDoubt } from '../queue/items/doubt.ts';
import { dueChanges } from '../queue/items/due.ts';
import {
  type DeliveryItem,
  type LastVerdict,
  openRecipients,
  type QueuedRecipient,
  type Removal,
} from '../queue/items/item.ts';
import type { DeliveryKey } from '../queue/items/messages.ts';
import { cutText } from '../queue/items/plan.ts';
import { pendingGrace } from '../queue/items/policy.ts';
import type { Changes } from '../queue/items/ports.ts';
import { removedVerdict } from '../queue/items/removal.ts';
import {
  applyChange,
  type ChangeResult,
  type ChangeServices,
  type Decision,
  hasPending,
  type Order,
  Refused,
} from '../queue/writes/apply-change.ts';

/** How a removal ended; `removedSome`: the addresses that were removed, if others stay. */
export type Removed = ChangeResult & { readonly removedSome?: string };

/**
 * Removes a message, or some of its recipients: the unfinished ones that are chosen. With `bounces` the sender receives a bounce.
 */
export async function removeMessage(
  key: DeliveryKey,
  order: Order & { readonly bounces: boolean; readonly isChosen?: (address: string) => boolean },
  services: ChangeServices,
): Promise<Removed> {
  const { by, why, bounces, isChosen = () => true } = order;
  const what = bounces ? 'removed and bounced' : 'removed';
  let removedSome: string | undefined;
  const carried = await applyChange(key, order, services, (item, at) => {
    const removal = { by, why, at, bounces };
    if (item.state === 'done') throw new Refused('it is done');
    const open = openRecipients(item);
    const chosen = open.filter(({ address }) => isChosen(address));
    if (chosen.length === 0 && open.length > 0) throw new Refused('no unfinished recipient has this address');
    removedSome = chosen.length < open.length ? addressList(item, chosen) : undefined;
    if (removedSome !== undefined) {
      return removeSome(item, { chosen, removal }, `${what}: ${removedSome}`, services);
    }
    if (item.state === 'delivering') return { transition: 'amend', changes: { removal }, what: `to be ${what}` };
    const { recipients, failed } = withRemoved(item, chosen, removal);
    return { transition: 'remove', changes: finishChanges(item, { recipients, failed, now: at }, services), what };
  });
  return carried.kind === 'changed' && removedSome !== undefined ? { ...carried, removedSome } : carried;
}

function addressList({ recipients }: DeliveryItem, chosen: readonly QueuedRecipient[]): string {
  return cutText(chosen.map(({ address }) => address).join(', '), recipients.length);
}

/** Removes some recipients from a message that is still delivered to the others. */
function removeSome(
  item: DeliveryItem,
  { chosen, removal }: { readonly chosen: readonly QueuedRecipient[]; readonly removal: Removal },
  what: string,
  services: ChangeServices,
): Decision {
  const { state, unpublished } = item;
  if (state !== 'queued' && state !== 'deferred' && state !== 'held') {
    throw new Refused(`it is ${state} and has other recipients: some recipients can only be removed while it waits`);
  }
  const { recipients, failed } = withRemoved(item, chosen, removal);
  // The generation stays, and more recipients may be removed later: the time of removal keeps the event ids apart.
  const pending = removalBounces({ ...item, generation: removal.at }, failed, removal.at, services);
  const due = unpublished === undefined ? item.due : unpublished.due;
  const isPublishing = hasPending(item) || Object.keys(pending).length > 0;
  return { transition: 'amend', changes: { recipients, pending, ...dueChanges(due, isPublishing, removal.at) }, what };
}

function withRemoved(item: DeliveryItem, chosen: readonly QueuedRecipient[], removal: Removal) {
  const verdictOn = (recipient: QueuedRecipient): LastVerdict => {
    const verdict = removedVerdict(removal, item.attempt);
    return isInDoubt(recipient) ? { ...verdict, inDoubt: true } : verdict;
  };
  return {
    recipients: item.recipients.map((one) => (chosen.includes(one) ? { ...one, last: verdictOn(one) } : one)),
    failed: removal.bounces ? chosen.map((recipient) => ({ recipient, verdict: verdictOn(recipient) })) : [],
  };
}

/** Returns the changes that finish a delivery; only its pending events are left to publish. */
export function finishChanges(
  item: DeliveryItem,
  {
    recipients,
    failed,
    now,
  }: {
    readonly recipients: readonly QueuedRecipient[];
    readonly failed: readonly FailedRecipient[];
    readonly now: number;
  },
  services: ChangeServices,
): Changes {
  // The next generation keeps the event id apart from those of the last attempt.
  const pending = removalBounces({ ...item, generation: item.generation + 1 }, failed, now, services);
  const due = Object.keys(pending).length > 0 || hasPending(item) ? now + pendingGrace : null;
  return { recipients, pending, due, unpublished: null, holds: null, removal: null, reason: null };
}

/** The bounce events for removed recipients, by event id. */
function removalBounces(
  item: DeliveryItem,
  failed: readonly FailedRecipient[],
  now: number,
  { parameters, transport }: ChangeServices,
): DeliveryItem['pending'] {
  const facts = { item, attempt: item.attempt, now, reportingMta: parameters.myhostname, transport };
  return Object.fromEntries(bounceEvents(failed, facts).map((event) => [event.lmtp.eventId, event]));
}
