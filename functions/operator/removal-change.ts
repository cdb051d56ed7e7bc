/**
 * Mail that people remove, wholly or for some of its recipients.
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

/**
 * Removes a message, or some of its recipients: whoever is left of those is not delivered to. With `bounces` the sender is told.
 */
export async function removeMessage(
  key: DeliveryKey,
  order: Order & { readonly bounces: boolean; readonly isChosen?: (address: string) => boolean },
  services: ChangeServices,
): Promise<ChangeResult> {
  const { by, why, bounces, isChosen = () => true } = order;
  const what = bounces ? 'removed and bounced' : 'removed';
  return await applyChange(key, order, services, (item, at) => {
    const removal = { by, why, at, bounces };
    if (item.state === 'done') throw new Refused('it is done');
    const open = openRecipients(item);
    const chosen = open.filter(({ address }) => isChosen(address));
    if (chosen.length === 0 && open.length > 0) throw new Refused('nobody of that name is left to be delivered to');
    if (chosen.length < open.length) return removeSome(item, { chosen, removal }, what, services);
    if (item.state === 'delivering') return { transition: 'amend', changes: { removal }, what: `to be ${what}` };
    const { recipients, failed } = withRemoved(item, chosen, removal);
    return { transition: 'remove', changes: finishing(item, { recipients, failed, now: at }, services), what };
  });
}

/** Takes some recipients out of a message that goes on to the others. */
function removeSome(
  item: DeliveryItem,
  { chosen, removal }: { readonly chosen: readonly QueuedRecipient[]; readonly removal: Removal },
  what: string,
  services: ChangeServices,
): Decision {
  const { state, unpublished } = item;
  if (state !== 'queued' && state !== 'deferred' && state !== 'held') {
    throw new Refused(`it is ${state}, and has other recipients: only what waits can be taken apart`);
  }
  const { recipients, failed } = withRemoved(item, chosen, removal);
  // It stays in its generation, and may lose others at another time: the event must not be taken for one of those.
  const pending = bouncesByHand({ ...item, generation: removal.at }, failed, removal.at, services);
  const due = unpublished === undefined ? item.due : unpublished.due;
  const isTelling = hasPending(item) || Object.keys(pending).length > 0;
  const whom = chosen.map(({ address }) => address).join(', ');
  return {
    transition: 'amend',
    changes: { recipients, pending, ...dueChanges(due, isTelling, removal.at) },
    what: `${what}: ${cutText(whom, item.recipients.length)}`,
  };
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

/** The end of a delivery: nothing is left to be done but to tell whoever is to be told. */
export function finishing(
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
  // A generation of its own, so that the event is not taken for one of an attempt.
  const pending = bouncesByHand({ ...item, generation: item.generation + 1 }, failed, now, services);
  const due = Object.keys(pending).length > 0 || hasPending(item) ? now + pendingGrace : null;
  return { recipients, pending, due, unpublished: null, holds: null, removal: null, reason: null };
}

/** What the sender is told of those that a person removed; by event id. */
function bouncesByHand(
  item: DeliveryItem,
  failed: readonly FailedRecipient[],
  now: number,
  { parameters, transport }: ChangeServices,
): DeliveryItem['pending'] {
  const facts = { item, attempt: item.attempt, now, reportingMta: parameters.myhostname, transport };
  return Object.fromEntries(bounceEvents(failed, facts).map((event) => [event.lmtp.eventId, event]));
}
