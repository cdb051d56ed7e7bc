/**
 * How an order is carried out: the item is read, what the order comes to is decided on, and written in one conditional write with
 * who and why; again where somebody was faster.
 */

import { dueChanges, heldDue } from '../items/due.ts';
import type { DeliveryItem, HistoryEntry, Hold } from '../items/item.ts';
import type { DeliveryKey } from '../items/messages.ts';
import type { Changes } from '../items/ports.ts';
import type { TransitionName } from '../items/states.ts';
import { ForeignItem, isUnreadable, orUnreadable, type UnreadableItem } from '../items/unreadable-item.ts';
import { publish, publishAndWake } from './publish.ts';
import { type Services, wallTime } from './services.ts';

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
  | {
      readonly kind: 'refused';
      readonly why: string;
      readonly item?: DeliveryItem;
      /** The item is there and cannot be read. */
      readonly unread?: UnreadableItem;
    };

/** Why something cannot be done to an item as it is. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** What an order needs. */
export type Needed = Pick<
  Services,
  'ledger' | 'destinations' | 'events' | 'wakeUps' | 'clock' | 'log' | 'parameters' | 'transport' | 'disposal'
>;

/** How often an order is given again when the message has moved meanwhile. */
const tries = 8;

/** Entries of a history that are kept. */
const historyLength = 20;

/**
 * Reads, decides, writes; again where the message has moved meanwhile. Then does what follows from it. What cannot be read is
 * refused.
 */
export async function carryOut(
  key: DeliveryKey,
  order: Order,
  services: Needed,
  decide: (item: DeliveryItem, now: number) => Decision,
): Promise<Carried> {
  const carried = await orUnreadable(carryOutReadable(key, order, services, decide));
  return isUnreadable(carried) ? { kind: 'refused', why: whyUnreadable(carried), unread: carried } : carried;
}

/** Why nothing can be done to an item, and what can. */
export function whyUnreadable(item: UnreadableItem): string {
  if (item instanceof ForeignItem) return `another release has to see to it: it ${item.fault}`;
  return `it is malformed: ${item.fault}; put that right in the queue table, or delete it`;
}

async function carryOutReadable(
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

/** When a delivery is looked at again that is held so. */
export function heldUntil(
  holds: readonly Hold[],
  item: DeliveryItem,
  now: number,
  { parameters }: Pick<Needed, 'parameters'>,
): Pick<Changes, 'due' | 'unpublished'> {
  return dueChanges(heldDue(holds, item, now, parameters), hasPending(item), now);
}

/** Whether somebody is still to be told of it. */
export function hasPending({ pending }: DeliveryItem): boolean {
  return Object.keys(pending).length > 0;
}
