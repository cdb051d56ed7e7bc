/**
 * Changes to the selected messages, some at once, each with its answer.
 */

import { isInDoubt } from '../queue/items/doubt.ts';
import { holdsThatLast } from '../queue/items/due.ts';
import { type DeliveryItem, type Hold, openRecipients } from '../queue/items/item.ts';
import { mapConcurrently } from '../queue/items/map-concurrently.ts';
import type { DeliveryKey } from '../queue/items/messages.ts';
import { ItemFault, isUnreadable, orUnreadable } from '../queue/items/unreadable-item.ts';
import type { Order } from '../queue/writes/apply-change.ts';
import { type RemovedMalformed, removeMalformed } from '../queue/writes/malformed.ts';
import { wallTime } from '../queue/writes/services.ts';
import {
  afterFlush,
  afterHold,
  afterRecordedDelivery,
  afterRelease,
  afterRemoval,
  noFlush,
  noFlushWhileHeld,
  tenseOf,
} from './consequences.ts';
import { closeRequest, findRequests } from './corrupt-requests.ts';
import { type Answer, type Change, type Changing, type OperatorServices, unknown } from './operator.ts';
import { holdMessage, isAnyAtLimit, releaseMessage, rescheduleMessage } from './operator-change.ts';
import { matchesAddress } from './queue-filter.ts';
import { removeMessage } from './removal-change.ts';
import { isSelected, type Selected, type Selection, select } from './selection.ts';
import { recordAsSent } from './sent-change.ts';
import { isUndelivered } from './waiting.ts';

/** Changes that are under way at once. */
const together = 20;

/** A hold to set. */
export interface HoldSpec {
  /** Its name, unique among the holds of one message or destination. */
  readonly hold: string;
  /** When it ends, milliseconds since 1970; absent: when an operator releases it. */
  readonly until?: number;
}

/** Holds messages, and yields the answers. */
export function holdMessages(selection: Selection, spec: HoldSpec, changing: Changing): AsyncIterable<Change> {
  return change(selection, changing, async ({ key }, order, services) => {
    const carried = await holdMessage(key, { ...order, ...spec }, services);
    return carried.kind === 'changed' ? afterHold(carried, spec, tenseOf(order)) : refusal(carried);
  });
}

/** How to release. */
export interface ReleaseSpec {
  /** The hold to remove; absent: all. */
  readonly hold?: string;
  /** Milliseconds over which the attempts are spread. */
  readonly ramp: number;
}

/** Removes holds from messages, and yields the answers. A message without holds is queued. */
export function releaseMessages(
  selection: Selection,
  { hold, ramp }: ReleaseSpec,
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
 * Makes waiting messages due now, or within `ramp` milliseconds (postqueue -f, -i, -s), and yields the answers. A held message,
 * or one whose destination is held, stays unchanged, and its answer says why.
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

/** Returns a function that finds the holds of destinations; each destination is read once. */
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

/** How to remove messages. */
export interface RemovalSpec {
  /**
   * `removed`: the sender is not notified. `bounced`: the sender receives a bounce with the reason. `sent`: only recipients in
   * doubt, which are recorded as delivered.
   */
  readonly as: 'removed' | 'bounced' | 'sent';
  /** Only these recipients: an address, `@domain`, or a pattern with `*`. Absent: all unfinished ones. */
  readonly recipient?: string;
}

/** Removes messages from the queue, or recipients from messages, and yields the answers. */
export function removeMessages(selection: Selection, spec: RemovalSpec, changing: Changing): AsyncIterable<Change> {
  const isChosen = (address: string) => spec.recipient === undefined || matchesAddress(address, spec.recipient);
  return change(
    selection,
    changing,
    async ({ key }, order, services) => {
      const tense = tenseOf(order);
      if (spec.as === 'sent') {
        const recipients = (await findDoubted(key, services)).filter(isChosen);
        const recorded = await recordAsSent(key, { ...order, recipients }, services);
        return recorded.kind === 'changed' ? afterRecordedDelivery(recipients, tense) : refusal(recorded);
      }
      let seen: DeliveryItem | undefined;
      const isMeant = (item: DeliveryItem) => {
        seen = item;
        return order.isMeant?.(item) ?? true;
      };
      const bounces = spec.as === 'bounced';
      const carried = await removeMessage(key, { ...order, isMeant, bounces, isChosen }, services);
      if (carried.kind === 'refused' && carried.unread instanceof ItemFault) {
        const removed = await removeUnread(carried.unread, { selection, spec, order }, services);
        return removed.kind === 'changed' ? { kind: 'changed', text: `${tense.be}${removed.what}` } : refusal(removed);
      }
      if (carried.kind === 'refused') return refusal(carried);
      // The copy of a corrupt delivery is listed as a corrupt request until it is closed.
      if (seen?.state === 'corrupt') await closeRequest(`${key.id}.${key.delivery}`, carried.what, changing);
      const { removedSome } = carried;
      return afterRemoval(
        carried,
        { bounces, ...(removedSome === undefined ? {} : { recipients: removedSome }) },
        tense,
      );
    },
    (id) => removeRequest(id, spec, changing),
  );
}

/** Removes a malformed item as a whole, and only by its id: its recipients and replies cannot be read. */
async function removeUnread(
  fault: ItemFault,
  {
    selection,
    spec: { as, recipient },
    order,
  }: { readonly selection: Selection; readonly spec: RemovalSpec; readonly order: Order },
  services: OperatorServices,
): Promise<RemovedMalformed> {
  const { delivery, id } = fault;
  if (selection.kind !== 'ids') {
    return {
      kind: 'refused',
      why: `it is malformed: ${fault.fault}; it can only be removed by its id: ${id}/${delivery}`,
    };
  }
  if (as !== 'removed' || recipient !== undefined) {
    return {
      kind: 'refused',
      why: `it is malformed: ${fault.fault}; it can only be removed as a whole and without a bounce`,
    };
  }
  return await removeMalformed(fault, order, services);
}

/** The addresses of a delivery's recipients in doubt. */
async function findDoubted(key: DeliveryKey, services: OperatorServices): Promise<readonly string[]> {
  const item = await orUnreadable(services.ledger.read(key));
  const doubted = item === undefined || isUnreadable(item) ? [] : openRecipients(item).filter(isInDoubt);
  return doubted.map(({ address }) => address);
}

/** Removes a corrupt request. Its sender and recipients are not known. */
async function removeRequest(id: string, spec: RemovalSpec, changing: Changing): Promise<Change> {
  const [request] = await findRequests(id, changing.services);
  if (request === undefined) return unknown(id);
  if (request.isClosed === true) return { kind: 'refused', id, text: 'it was requeued or removed already' };
  if (spec.as !== 'removed' || spec.recipient !== undefined) {
    const text =
      'it is a corrupt request, with no known envelope: it can only be removed as a whole and without a bounce';
    return { kind: 'refused', id, text };
  }
  await closeRequest(request.id, 'removed', changing);
  const { will, be } = tenseOf(changing.order);
  return {
    kind: 'changed',
    id,
    text: `${be}removed; the request ${will} not be accepted, and the sender ${will} not be notified`,
  };
}

/** Applies an order to all selected deliveries, some at once; yields the answers in order. */
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

/** Returns a random time within `ramp` milliseconds from now; milliseconds since 1970. */
export function momentWithin(ramp: number, services: Pick<OperatorServices, 'clock' | 'random'>): number {
  return wallTime(services) + Math.floor(services.random() * ramp);
}
