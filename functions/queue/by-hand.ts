/**
 * What people change: one message at a time, each change one conditional write on the item as they saw it, written down in the
 * item itself with who and why.
 *
 * A message that is being delivered is not taken out of its worker's hands: what is asked for takes effect at the end of the
 * attempt.
 */

import { bounceEvents, type FailedRecipient } from '../disposition/bounce-event.ts';
import { inDoubtHold } from '../disposition/settlement.ts';
import { dueChanges, nextEnd } from './due.ts';
import type { DeliveryItem, HistoryEntry, Hold, LastVerdict, QueuedRecipient, Removal } from './item.ts';
import { isFinished, openRecipients } from './item.ts';
import type { DeliveryKey } from './messages.ts';
import { cutText } from './plan.ts';
import { pendingGrace } from './policy.ts';
import type { Changes } from './ports.ts';
import { publish, publishAndWake } from './publish.ts';
import { removedVerdict } from './removal.ts';
import { type Services, wallTime } from './services.ts';
import type { TransitionName } from './states.ts';

/** Who changes something, and why. */
export interface Order {
  /** An AWS identity. */
  readonly by: string;
  readonly why: string;
  /** Nothing is written: the answer says what would be. */
  readonly whatIf?: boolean;
  /** Whether the message, as it is then, is meant still. Default: it is, whatever became of it since it was looked for. */
  readonly isMeant?: (item: DeliveryItem) => boolean;
}

/** What a change comes to. */
export interface Decision {
  readonly transition: TransitionName;
  readonly changes: Changes;
  /** What is changed, in a few words; they go into the item's history. */
  readonly what: string;
}

/** How an order ended. */
export type Carried =
  /** Also where it would be, if it was only asked what if. */
  | { readonly kind: 'changed'; readonly what: string; readonly item: DeliveryItem }
  | { readonly kind: 'refused'; readonly why: string; readonly item?: DeliveryItem };

/** Why something cannot be done to an item as it is. */
class Refused extends Error {
  override readonly name = 'Refused';
}

type Needed = Pick<
  Services,
  'ledger' | 'destinations' | 'events' | 'wakeUps' | 'clock' | 'log' | 'parameters' | 'transport' | 'disposal'
>;

/** How often an order is given again when the message has moved meanwhile. */
const tries = 8;

/** Entries of a history that are kept. */
const historyLength = 20;

/** Holds a message. One that is being delivered is held at the end of the attempt, if anybody is left. */
export async function holdMessage(
  key: DeliveryKey,
  order: Order & { readonly hold: string; readonly until?: number },
  services: Needed,
): Promise<Carried> {
  const { hold: id, until, by, why: reason } = order;
  return await carryOut(key, order, services, (item, now) => {
    const hold: Hold = { id, reason, by, since: now, ...(until === undefined ? {} : { until }) };
    const holds = [...(item.holds ?? []).filter((other) => other.id !== id), hold];
    switch (item.state) {
      case 'queued':
      case 'active':
      case 'deferred':
        return { transition: 'hold', changes: { holds, ...heldUntil(holds, item, now) }, what: `held (${id})` };
      case 'held':
        return { transition: 'amend', changes: { holds, ...heldUntil(holds, item, now) }, what: `held (${id})` };
      case 'delivering':
        return { transition: 'amend', changes: { holds }, what: `to be held (${id}) when its attempt is over` };
      default:
        throw new Refused(`it is ${item.state}`);
    }
  });
}

/** Takes a hold, or all of them, off a message; without any, its turn comes now, or at another moment. */
export async function releaseMessage(
  key: DeliveryKey,
  order: Order & { readonly hold?: string; readonly due?: number },
  services: Needed,
): Promise<Carried> {
  const { hold: id, due } = order;
  return await carryOut(key, order, services, (item, now) => {
    const { holds: before = [], state } = item;
    if (state !== 'held' && state !== 'delivering') throw new Refused(`it is ${state}, not held`);
    if (before.length === 0) throw new Refused(state === 'held' ? 'its destination is held' : 'nobody holds it');
    const holds = id === undefined ? [] : before.filter((hold) => hold.id !== id);
    if (holds.length === before.length) throw new Refused(`there is no hold "${id}" on it`);
    const what = id === undefined ? 'released' : `released (${id})`;
    if (state === 'delivering') {
      return { transition: 'amend', changes: { holds: holds.length === 0 ? null : holds }, what };
    }
    if (holds.length > 0) return { transition: 'amend', changes: { holds, ...heldUntil(holds, item, now) }, what };
    return { transition: 'release', changes: { holds: null, due: due ?? now, unpublished: null }, what };
  });
}

/**
 * Removes a message, or some of its recipients: whoever is left of those is not delivered to. With `bounces` the sender is told.
 */
export async function removeMessage(
  key: DeliveryKey,
  order: Order & { readonly bounces: boolean; readonly isChosen?: (address: string) => boolean },
  services: Needed,
): Promise<Carried> {
  const { by, why, bounces, isChosen = () => true } = order;
  const what = bounces ? 'removed and bounced' : 'removed';
  return await carryOut(key, order, services, (item, at) => {
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
  services: Needed,
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
  const verdict = removedVerdict(removal, item.attempt);
  return {
    recipients: item.recipients.map((one) => (chosen.includes(one) ? { ...one, last: verdict } : one)),
    failed: removal.bounces ? chosen.map((recipient) => ({ recipient, verdict })) : [],
  };
}

/** Writes down that recipients in doubt have the message; all of those who are, where nobody is named. */
export async function settleByHand(
  key: DeliveryKey,
  order: Order & { readonly recipients?: readonly string[] },
  services: Needed,
): Promise<Carried> {
  const { by, why } = order;
  return await carryOut(key, order, services, (item, now) => {
    const { state } = item;
    if (state !== 'queued' && state !== 'deferred' && state !== 'held') throw new Refused(`it is ${state}`);
    const known = order.recipients ?? item.recipients.filter(isInDoubt).map(({ address }) => address);
    checkDoubted(item, known);
    const text = `known to be delivered: ${why}`;
    const last: LastVerdict = { status: 'sent', dsn: '2.0.0', text, at: now, attempt: item.attempt, by };
    const recipients = item.recipients.map((one) =>
      isInDoubt(one) && known.includes(one.address) ? { ...one, last } : one,
    );
    const what = `known to be sent: ${known.join(', ')}`;
    if (recipients.every(isFinished)) {
      return { transition: 'remove', changes: finishing(item, { recipients, failed: [], now }, services), what };
    }
    return withoutDoubtHold({ ...item, recipients }, now, what);
  });
}

/** What may be put right in a corrupt delivery. */
export type Edit = Pick<Changes, 'recipients' | 'sender' | 'destination' | 'mailbox' | 'message'>;

/** Takes a corrupt delivery up again, with its id and its time of arrival. */
export async function requeueMessage(
  key: DeliveryKey,
  order: Order & { readonly edit?: Edit },
  services: Needed,
): Promise<Carried> {
  const { edit = {} } = order;
  return await carryOut(key, order, services, (item, now) => {
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
  services: Needed,
): Promise<Carried> {
  return await carryOut(key, order, services, (item, now) => {
    if (item.state !== 'deferred' && item.state !== 'queued') throw new Refused(`it is ${item.state}`);
    const due = order.due ?? now;
    const changes = dueChanges(due, hasPending(item), now);
    return { transition: 'amend', changes, what: `to be tried ${new Date(due).toISOString()}` };
  });
}

/** Reads, decides, writes; again where the message has moved meanwhile. Then does what follows from it. */
async function carryOut(
  key: DeliveryKey,
  { by, why, whatIf = false, isMeant = () => true }: Order,
  services: Needed,
  decide: (item: DeliveryItem, now: number) => Decision,
): Promise<Carried> {
  const { ledger, log } = services;
  let item = await ledger.read(key);
  for (let n = 0; n < tries; n += 1) {
    if (item === undefined) return { kind: 'refused', why: 'there is no such delivery' };
    if (!isMeant(item)) return { kind: 'refused', why: 'it has changed meanwhile', item };
    const now = wallTime(services);
    const decision = decideOrRefuse(item, now, decide);
    if (decision instanceof Refused) return { kind: 'refused', why: decision.message, item };
    const { transition, changes, what } = decision;
    if (whatIf) return { kind: 'changed', what, item };
    const history = extended(item.history, { at: now, by, what, why });
    const moved = await ledger.move(transition, item, { ...changes, history });
    if (moved.kind === 'moved') {
      log.note('info', 'changed by hand', { id: key.id, delivery: key.delivery, by, what, why });
      await follow(item, moved.item, services);
      return { kind: 'changed', what, item: moved.item };
    }
    item = moved.item;
  }
  return { kind: 'refused', why: 'it moves all the time; try again', ...(item === undefined ? {} : { item }) };
}

function decideOrRefuse(
  item: DeliveryItem,
  now: number,
  decide: (item: DeliveryItem, now: number) => Decision,
): Decision | Refused {
  try {
    return decide(item, now);
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
}

/** What was taken out of active frees its place; what is to be tried is woken; whoever is to be told is told. */
async function follow(before: DeliveryItem, after: DeliveryItem, services: Needed): Promise<void> {
  const { destinations, log } = services;
  if (before.state === 'active' && after.state !== 'active') {
    try {
      await destinations.vacate(before.destination, 1);
    } catch (error) {
      log.note('warn', 'places in active not given back', { destination: before.destination, places: 1, error });
    }
  }
  if (after.state === 'queued' || after.state === 'deferred') await publishAndWake(after, services);
  else await publish(after, services);
  await services.disposal?.settle(services);
}

/** A history with one more entry; the oldest go. */
export function extended(history: readonly HistoryEntry[] | undefined, entry: HistoryEntry): readonly HistoryEntry[] {
  return [...(history ?? []), entry].slice(-historyLength);
}

function heldUntil(holds: readonly Hold[], item: DeliveryItem, now: number): Pick<Changes, 'due' | 'unpublished'> {
  return dueChanges(nextEnd(holds), hasPending(item), now);
}

function hasPending({ pending }: DeliveryItem): boolean {
  return Object.keys(pending).length > 0;
}

/** The end of a delivery: nothing is left to be done but to tell whoever is to be told. */
function finishing(
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
  services: Needed,
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
  { parameters, transport }: Needed,
): DeliveryItem['pending'] {
  const facts = { item, attempt: item.attempt, now, reportingMta: parameters.myhostname, transport };
  return Object.fromEntries(bounceEvents(failed, facts).map((event) => [event.lmtp.eventId, event]));
}

function isInDoubt(recipient: QueuedRecipient): boolean {
  return !isFinished(recipient) && recipient.last?.inDoubt === true;
}

function checkDoubted({ recipients }: DeliveryItem, known: readonly string[]): void {
  if (known.length === 0) throw new Refused('nobody is in doubt');
  const sure = known.filter((address) => !recipients.some((one) => one.address === address && isInDoubt(one)));
  if (sure.length > 0) throw new Refused(`not in doubt: ${sure.join(', ')}`);
}

/** The hold for the sake of those in doubt has done its duty when nobody is any more. */
function withoutDoubtHold(item: DeliveryItem, now: number, what: string): Decision {
  const { recipients, holds: before = [] } = item;
  const isOver = before.some(({ id }) => id === inDoubtHold) && !recipients.some(isInDoubt);
  if (!isOver) return { transition: 'amend', changes: { recipients }, what };
  const holds = before.filter(({ id }) => id !== inDoubtHold);
  if (holds.length > 0)
    return { transition: 'amend', changes: { recipients, holds, ...heldUntil(holds, item, now) }, what };
  return { transition: 'release', changes: { recipients, holds: null, due: now, unpublished: null }, what };
}
