/**
 * Changes to destinations: all mail to one is stopped, or let flow again.
 */

import { releaseDelivery } from '../queue/destinations/release-held.ts';
import type { DestinationRecord } from '../queue/items/destination-record.ts';
import { holdsThatLast } from '../queue/items/due.ts';
import type { DeliveryItem, Hold } from '../queue/items/item.ts';
import { mapConcurrently } from '../queue/items/map-concurrently.ts';
import type { DeliveryKey } from '../queue/items/messages.ts';
import { releaseEcho, releaseHeadStart } from '../queue/items/policy.ts';
import { isUnreadable, orUnreadable } from '../queue/items/unreadable-item.ts';
import { wallTime } from '../queue/writes/services.ts';
import { holdWords, tenseOf, untilWhen } from './consequences.ts';
import {
  type DestinationCarried,
  holdDestination as holdByHand,
  reopenDestination,
  unholdDestination,
} from './destination-change.ts';
import { type HoldWish, momentWithin, type ReleaseWish } from './messages.ts';
import type { Change, Changing, OperatorServices } from './operator.ts';
import { listEntries } from './selection.ts';

/** Deliveries that are let go at once. */
const together = 20;

/** How often one is let go that others change at the same time. */
const tries = 3;

/** Holds a destination. Nothing is moved now: each delivery stays when its turn comes. */
export async function holdDestination(name: string, wish: HoldWish, { order, services }: Changing): Promise<Change> {
  const carried = await holdByHand(name, { ...order, ...wish }, services);
  const { will, be } = tenseOf(order);
  return asChange(name, carried, `${be}held (${wish.hold}); its mail ${will} not be tried ${untilWhen(wish.until)}`);
}

/** What letting a destination go came to. */
export interface DestinationRelease {
  readonly change: Change;
  /** How many deliveries were let go. */
  readonly released: number;
}

/** How a destination is let go. */
export interface Releasing {
  readonly onProgress?: (released: number) => void;
  /** Lets so many milliseconds pass. Absent: what functions hold for some seconds more is left to the sweep, and not counted. */
  readonly pause?: (milliseconds: number) => Promise<unknown>;
}

/**
 * Takes a hold, or all of them, off a destination. Without any left, what was held with it is let go, spread over the ramp;
 * should that be broken off, the sweep goes on with it. Whoever is held for a reason of its own stays.
 */
export async function releaseDestination(
  name: string,
  { hold, ramp }: ReleaseWish,
  { order, services }: Changing,
  { onProgress = () => {}, pause }: Releasing = {},
): Promise<DestinationRelease> {
  const wish = { ...order, spread: ramp, headStart: releaseHeadStart, ...(hold === undefined ? {} : { hold }) };
  const carried = await unholdDestination(name, wish, services);
  const begun = wallTime(services);
  const left = holdsThatLast(carried.record.holds, begun).filter(({ id }) => hold !== undefined && id !== hold);
  const isOpen = left.length === 0;
  const answer = asChange(name, carried, releasedWords(left, { ...(hold === undefined ? {} : { hold }), order }));
  const change: Change = carried.kind === 'changed' && isOpen ? { ...answer, isTried: true } : answer;
  if (order.whatIf === true || carried.kind !== 'changed' || !isOpen) return { change, released: 0 };
  let released = await letAllGo(name, ramp, services, onProgress);
  if (pause !== undefined) {
    // A function that believes what it read some seconds ago holds more, and an index shows that a little later.
    await pause(Math.max(0, begun + releaseEcho - wallTime(services)));
    const before = released;
    released += await letAllGo(name, ramp, services, (more) => onProgress(before + more));
  }
  return { change, released };
}

/** What a release of a destination comes to; how many deliveries it lets go is not known yet. */
function releasedWords(
  left: readonly Hold[],
  { hold, order }: { readonly hold?: string; readonly order: Changing['order'] },
): string {
  const { will, be } = tenseOf(order);
  const released = `${be}released${hold === undefined ? '' : ` (${hold})`}`;
  if (left.length === 0) return `${released}; its mail ${will} be tried again`;
  return `${released}, but it is still ${left.map(holdWords).join(' and ')}; nothing ${will} be tried`;
}

async function letAllGo(
  destination: string,
  ramp: number,
  services: OperatorServices,
  onProgress: (released: number) => void,
): Promise<number> {
  const held = listEntries({ states: ['held'], destination }, services.queries);
  let released = 0;
  for await (const isReleased of mapConcurrently(held, together, (key) => letOneGo(key, ramp, services))) {
    if (isReleased) released += 1;
    onProgress(released);
  }
  return released;
}

async function letOneGo(key: DeliveryKey, ramp: number, services: OperatorServices): Promise<boolean> {
  const found = await orUnreadable(services.ledger.read(key));
  if (isUnreadable(found)) return false;
  let item = found;
  for (let n = 0; n < tries && item !== undefined && isHeldWithDestination(item, services); n += 1) {
    const moved = await releaseDelivery(item, momentWithin(ramp, services), services);
    if (moved.kind === 'moved') return true;
    // It was changed meanwhile, and may be held still.
    item = moved.item;
  }
  return false;
}

/** Whether nothing but its destination holds a delivery: a hold of its own that has ended holds it no more. */
function isHeldWithDestination({ state, holds = [] }: DeliveryItem, services: OperatorServices): boolean {
  return state === 'held' && holdsThatLast(holds, wallTime(services)).length === 0;
}

/**
 * Clears the suspension of one destination, with the mailboxes at it, or of all. Destinations that are not suspended are left
 * out.
 */
export async function* reopenDestinations(
  name: string | undefined,
  { order, services }: Changing,
): AsyncIterable<Change> {
  for await (const record of services.destinations.list()) {
    if (record.suspension === undefined || !isMeant(record, name)) continue;
    const { will, be } = tenseOf(order);
    const carried = await reopenDestination(record.name, order, services);
    const words = order.whatIf === true ? `its suspension ${be}cleared` : 'suspension cleared';
    yield asChange(record.name, carried, `${words}; the next delivery ${will} be attempted`);
  }
}

/** Whether a record is that of a destination, or of a mailbox at it; without a name, any is. */
export function isMeant({ name }: Pick<DestinationRecord, 'name'>, destination: string | undefined): boolean {
  return destination === undefined || name === destination || name.endsWith(`@${destination}`);
}

/** @param consequence what a change means for the mail */
function asChange(id: string, carried: DestinationCarried, consequence: string): Change {
  if (carried.kind === 'refused') return { kind: 'refused', id, text: carried.why };
  return { kind: 'changed', id, text: consequence };
}
