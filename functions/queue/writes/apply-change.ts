/**
 * Applies an operator's change: reads the item, decides, and writes author and reason in the same conditional write;
 * repeats if another process wrote first.
 */

import { dueChanges, heldDue } from '../items/due.ts';
import type { DeliveryItem, HistoryEntry, Hold } from '../items/item.ts';
import type { DeliveryKey } from '../items/messages.ts';
import type { Changes } from '../items/ports.ts';
import type { TransitionName } from '../items/states.ts';
import { ForeignItem, isUnreadable, orUnreadable, type UnreadableItem } from '../items/unreadable-item.ts';
import { publish, publishAndWake } from './publish.ts';
import { type Services, wallTime } from './services.ts';

/** A change request: its author and reason. */
export interface Order {
  /** An AWS identity. */
  readonly by: string;
  readonly why: string;
  /** Write nothing; the result says what would change. */
  readonly whatIf?: boolean;
  /** Whether the current item is still meant. Default: it is, whatever happened since it was found. */
  readonly isMeant?: (item: DeliveryItem) => boolean;
}

/** The decision about a change. */
export interface Decision {
  readonly transition: TransitionName;
  readonly changes: Changes;
  /** What is changed, in a few words, for the item's history. */
  readonly what: string;
}

/** The result of a change. */
export type ChangeResult =
  /** Also for `whatIf`: the item before the change. */
  | { readonly kind: 'changed'; readonly what: string; readonly item: DeliveryItem }
  | {
      readonly kind: 'refused';
      readonly why: string;
      readonly item?: DeliveryItem;
      /** Present if the item cannot be read. */
      readonly unread?: UnreadableItem;
    };

/** Why a change is not possible in the current state of the item. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** What a change needs. */
export type ChangeServices = Pick<
  Services,
  'ledger' | 'destinations' | 'events' | 'wakeUps' | 'clock' | 'log' | 'parameters' | 'transport' | 'disposal'
>;

/** Tries, if the delivery moves meanwhile. */
const tries = 8;

/** Entries of a history that are kept. */
const historyLength = 20;

/**
 * Reads, decides, writes; repeats if the delivery has moved meanwhile. Then publishes events and wake-ups. A change to
 * an unreadable item is refused.
 */
export async function applyChange(
  key: DeliveryKey,
  order: Order,
  services: ChangeServices,
  decide: (item: DeliveryItem, now: number) => Decision,
): Promise<ChangeResult> {
  const carried = await orUnreadable(applyToReadable(key, order, services, decide));
  return isUnreadable(carried) ? { kind: 'refused', why: whyUnreadable(carried), unread: carried } : carried;
}

/** Returns why an unreadable item cannot be changed, and what can be done. */
export function whyUnreadable(item: UnreadableItem): string {
  if (item instanceof ForeignItem) return `only another release can change it: it ${item.fault}`;
  return `it is malformed: ${item.fault}; correct the item in the queue table, or delete it`;
}

async function applyToReadable(
  key: DeliveryKey,
  { by, why, whatIf = false, isMeant = () => true }: Order,
  services: ChangeServices,
  decide: (item: DeliveryItem, now: number) => Decision,
): Promise<ChangeResult> {
  const { ledger, log } = services;
  let item = await ledger.read(key);
  for (let n = 0; n < tries; n += 1) {
    if (item === undefined) return { kind: 'refused', why: 'no such delivery' };
    if (!isMeant(item)) return { kind: 'refused', why: 'it has changed meanwhile', item };
    const now = wallTime(services);
    const decision = decideOrRefuse(item, now, decide);
    if (decision instanceof Refused) return { kind: 'refused', why: decision.message, item };
    const { transition, changes, what } = decision;
    if (whatIf) return { kind: 'changed', what, item };
    const history = withHistoryEntry(item.history, { at: now, by, what, why });
    const moved = await ledger.move(transition, item, { ...changes, history });
    if (moved.kind === 'moved') {
      log.note('info', 'changed by hand', { id: key.id, delivery: key.delivery, by, what, why });
      await publishChange(item, moved.item, services);
      return { kind: 'changed', what, item: moved.item };
    }
    item = moved.item;
  }
  return {
    kind: 'refused',
    why: 'the delivery changed state during every attempt; try again',
    ...(item === undefined ? {} : { item }),
  };
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

/** Frees the place of a delivery that left active, sends wake-ups, and publishes events. */
async function publishChange(before: DeliveryItem, after: DeliveryItem, services: ChangeServices): Promise<void> {
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
  await services.disposal?.deleteSpent(services);
}

/** Returns a history with one more entry, without the oldest ones. */
export function withHistoryEntry(
  history: readonly HistoryEntry[] | undefined,
  entry: HistoryEntry,
): readonly HistoryEntry[] {
  return [...(history ?? []), entry].slice(-historyLength);
}

/** Returns when the sweep looks at a delivery with these holds. */
export function heldUntil(
  holds: readonly Hold[],
  item: DeliveryItem,
  now: number,
  { parameters }: Pick<ChangeServices, 'parameters'>,
): Pick<Changes, 'due' | 'unpublished'> {
  return dueChanges(heldDue(holds, item, now, parameters), hasPending(item), now);
}

/** Whether events are still to be published. */
export function hasPending({ pending }: DeliveryItem): boolean {
  return Object.keys(pending).length > 0;
}
