/**
 * Changes to the messages that a person means, some at once, each with its answer.
 */

import { isInDoubt } from '../queue/items/doubt.ts';
import { holdsThatLast } from '../queue/items/due.ts';
import { type DeliveryItem, type Hold, openRecipients } from '../queue/items/item.ts';
import { mapConcurrently } from '../queue/items/map-concurrently.ts';
import type { DeliveryKey } from '../queue/items/messages.ts';
import { ItemFault, isUnreadable, orUnreadable } from '../queue/items/unreadable-item.ts';
import type { ChangeResult, Order } from '../queue/writes/apply-change.ts';
import { type RemovedMalformed, removeMalformed } from '../queue/writes/malformed.ts';
import { wallTime } from '../queue/writes/services.ts';
import {
  afterFlush,
  afterHold,
  afterRelease,
  afterRemoval,
  noFlush,
  noFlushWhileHeld,
  tenseOf,
} from './consequences.ts';
import { findRequests, settleRequest } from './corrupt-requests.ts';
import { type Answer, type Change, type Changing, type OperatorServices, unknown } from './operator.ts';
import { holdMessage, isAnyAtLimit, releaseMessage, rescheduleMessage } from './operator-change.ts';
import { matchesAddress } from './queue-filter.ts';
import { removeMessage } from './removal-change.ts';
import { isSelected, type Selected, type Selection, select } from './selection.ts';
import { settleByHand } from './settlement-change.ts';
import { isUndelivered } from './waiting.ts';

/** Changes that are under way at once. */
const together = 20;

/** A hold that is to be. */
export interface HoldWish {
  /** Names it among those of the same thing. */
  readonly hold: string;
  /** When it ends by itself, milliseconds since 1970; absent: when a person says so. */
  readonly until?: number;
}

/** Holds messages. */
export function holdMessages(selection: Selection, wish: HoldWish, changing: Changing): AsyncIterable<Change> {
  return change(selection, changing, async ({ key }, order, services) => {
    const carried = await holdMessage(key, { ...order, ...wish }, services);
    return carried.kind === 'changed' ? afterHold(carried, wish, tenseOf(order)) : refusal(carried);
  });
}

/** How things are let go. */
export interface ReleaseWish {
  /** The hold to be taken away; absent: all. */
  readonly hold?: string;
  /** Milliseconds over which they are spread. */
  readonly ramp: number;
}

/** Takes holds of messages away; whoever has none left is let go. */
export function releaseMessages(
  selection: Selection,
  { hold, ramp }: ReleaseWish,
  changing: Changing,
): AsyncIterable<Change> {
  const above = holdsAbove(changing.services);
  const named = hold === undefined ? {} : { hold };
  return change(selection, changing, async ({ key, destination }, order, services) => {
    const [due, now] = [momentWithin(ramp, services), wallTime(services)];
    const carried = await releaseMessage(key, { ...order, due, ...named }, services);
    const holds = await above(destination);
    if (carried.kind === 'changed') return afterRelease(carried, { ...named, due, now, above: holds }, tenseOf(order));
    const { item } = carried;
    // Nothing but its destination holds it.
    const isWithDestination = item?.state === 'held' && (item.holds ?? []).length === 0 && holds.length > 0;
    return isWithDestination ? noFlushWhileHeld(item.destination, holds, false) : refusal(carried);
  });
}

/**
 * Makes waiting messages due now, or within `ramp` milliseconds (postqueue -f, -i, -s). A message that is held, or whose
 * destination is, stays as it is, and its answer says why.
 */
export function flushMessages(selection: Selection, ramp: number, changing: Changing): AsyncIterable<Change> {
  const above = holdsAbove(changing.services);
  return change(selection, changing, async ({ key, destination = '' }, order, services) => {
    const holds = await above(destination);
    const [due, now] = [momentWithin(ramp, services), wallTime(services)];
    const isMeant = (item: DeliveryItem) => holds.length === 0 && (order.isMeant?.(item) ?? true);
    const carried = await rescheduleMessage(key, { ...order, isMeant, due }, services);
    if (carried.kind === 'changed') {
      const hasExcluded = isAnyAtLimit(carried.item, services);
      return afterFlush(carried, { due, now, hasExcluded }, tenseOf(order));
    }
    const isStopped = holds.length > 0 && carried.item !== undefined && isUndelivered(carried.item.state);
    return isStopped ? noFlushWhileHeld(destination, holds, false) : noFlush(carried);
  });
}

/** Finds the holds of destinations; each destination is read once. */
function holdsAbove(services: OperatorServices): (destination: string | undefined) => Promise<readonly Hold[]> {
  const known = new Map<string, Promise<readonly Hold[]>>();
  return async (destination) => {
    if (destination === undefined) return [];
    const holds = known.get(destination) ?? holdsOf(destination, services);
    known.set(destination, holds);
    return await holds;
  };
}

/** Returns the holds of a destination that have not ended. */
export async function holdsOf(destination: string, services: OperatorServices): Promise<readonly Hold[]> {
  const { holds } = await services.destinations.read(destination);
  return holdsThatLast(holds, wallTime(services));
}

function refusal({ why }: { readonly why: string }): Answer {
  return { kind: 'refused', text: why };
}

/** What is to become of messages that are taken out. */
export interface RemovalWish {
  /**
   * `removed`: nobody is told. `bounced`: the sender is told, with the reason. `sent`: those who may have the message already,
   * and no others, are taken for delivered to.
   */
  readonly as: 'removed' | 'bounced' | 'sent';
  /** Only these recipients: an address, `@domain`, or a pattern with `*`. Absent: all who are still to be delivered to. */
  readonly recipient?: string;
}

/** Takes messages out of the queue, or some recipients out of messages. */
export function removeMessages(selection: Selection, wish: RemovalWish, changing: Changing): AsyncIterable<Change> {
  const isChosen = (address: string) => wish.recipient === undefined || matchesAddress(address, wish.recipient);
  return change(
    selection,
    changing,
    async ({ key }, order, services) => {
      const tense = tenseOf(order);
      if (wish.as === 'sent') {
        const settled = await settleAsSent(key, order, isChosen, services);
        return settled.kind === 'changed' ? afterRemoval(settled, 'sent', tense) : refusal(settled);
      }
      let seen: DeliveryItem | undefined;
      const isMeant = (item: DeliveryItem) => {
        seen = item;
        return order.isMeant?.(item) ?? true;
      };
      const bounces = wish.as === 'bounced';
      const carried = await removeMessage(key, { ...order, isMeant, bounces, isChosen }, services);
      if (carried.kind === 'refused' && carried.unread instanceof ItemFault) {
        const removed = await removeUnread(carried.unread, { selection, wish, order }, services);
        return removed.kind === 'changed' ? { kind: 'changed', text: `${tense.be}${removed.what}` } : refusal(removed);
      }
      // Its copy waits for nobody any more.
      if (carried.kind === 'changed' && seen?.state === 'corrupt') {
        await settleRequest(`${key.id}.${key.delivery}`, carried.what, changing);
      }
      return carried.kind === 'changed' ? afterRemoval(carried, wish.as, tense) : refusal(carried);
    },
    (id) => removeRequest(id, wish, changing),
  );
}

/** A malformed item can be removed where it was named, and as a whole: who is in it, and what was said, cannot be read. */
async function removeUnread(
  fault: ItemFault,
  {
    selection,
    wish: { as, recipient },
    order,
  }: { readonly selection: Selection; readonly wish: RemovalWish; readonly order: Order },
  services: OperatorServices,
): Promise<RemovedMalformed> {
  const { delivery, id } = fault;
  if (selection.kind !== 'ids') {
    return {
      kind: 'refused',
      why: `it is malformed: ${fault.fault}; only by its name can it be removed: ${id}/${delivery}`,
    };
  }
  if (as !== 'removed' || recipient !== undefined) {
    return {
      kind: 'refused',
      why: `it is malformed: ${fault.fault}; it can only be removed as a whole, and nobody is told`,
    };
  }
  return await removeMalformed(fault, order, services);
}

async function settleAsSent(
  key: DeliveryKey,
  order: Order,
  isChosen: (address: string) => boolean,
  services: OperatorServices,
): Promise<ChangeResult> {
  const item = await orUnreadable(services.ledger.read(key));
  const doubted = item === undefined || isUnreadable(item) ? [] : openRecipients(item).filter(isInDoubt);
  const recipients = doubted.map(({ address }) => address).filter(isChosen);
  return await settleByHand(key, { ...order, recipients }, services);
}

/** A request that never became a delivery: nobody is known who could be told, or have got it. */
async function removeRequest(id: string, wish: RemovalWish, changing: Changing): Promise<Change> {
  const [request] = await findRequests(id, changing.services);
  if (request === undefined) return unknown(id);
  if (request.isSettled === true) return { kind: 'refused', id, text: 'it was requeued or removed already' };
  if (wish.as !== 'removed' || wish.recipient !== undefined) {
    const text =
      'it is a corrupt request that was never taken in: it can only be removed as a whole, and nobody is told';
    return { kind: 'refused', id, text };
  }
  await settleRequest(request.id, 'removed', changing);
  const { will, be } = tenseOf(changing.order);
  return {
    kind: 'changed',
    id,
    text: `${be}removed; the request ${will} not be taken in, and the sender ${will} not be told`,
  };
}

/** Carries an order out on all that is meant, some at once; the answers come in their order. */
async function* change(
  selection: Selection,
  { order, services }: Changing,
  act: (
    found: Extract<Selected, { readonly kind: 'delivery' }>,
    order: Order,
    services: OperatorServices,
  ) => Promise<Answer>,
  otherwise: (id: string) => Promise<Change> = async (id) => unknown(id),
): AsyncIterable<Change> {
  const changeOne = async (selected: Selected): Promise<Change> => {
    if (selected.kind === 'name') return await otherwise(selected.id);
    const { id, delivery } = selected.key;
    let isOther = false;
    const isMeant = (item: DeliveryItem) => {
      isOther = !isSelected(item, selection);
      return !isOther;
    };
    const answer = await act(selected, { ...order, isMeant }, services);
    const kind = answer.kind === 'refused' && isOther ? 'passed over' : answer.kind;
    return { ...answer, kind, id, delivery };
  };
  yield* mapConcurrently(select(selection, services), together, changeOne);
}

/** A moment from now on, by chance. */
export function momentWithin(ramp: number, services: Pick<OperatorServices, 'clock' | 'random'>): number {
  return wallTime(services) + Math.floor(services.random() * ramp);
}
