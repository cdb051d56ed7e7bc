/**
 * Changes to destinations: all mail to one is held, released or flushed.
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
  holdDestination as addHold,
  type DestinationOutcome,
  reopenDestination,
  unholdDestination,
} from './destination-change.ts';
import { type HoldSpec, momentWithin, type ReleaseSpec } from './messages.ts';
import type { Change, Changing, OperatorServices } from './operator.ts';
import { listEntries } from './selection.ts';

/** Deliveries that are released at once. */
const together = 20;

/** Tries to release a delivery that others change at the same time. */
const tries = 3;

/** Holds a destination. No item changes now: each delivery is held when it falls due. */
export async function holdDestination(name: string, spec: HoldSpec, { order, services }: Changing): Promise<Change> {
  const carried = await addHold(name, { ...order, ...spec }, services);
  const { will, be } = tenseOf(order);
  return asChange(name, carried, `${be}held (${spec.hold}); its mail ${will} not be tried ${untilWhen(spec.until)}`);
}

/** The outcome of a release of a destination. */
export interface DestinationRelease {
  readonly change: Change;
  /** Deliveries released so far. */
  readonly released: number;
}

/** How to release a destination. */
export interface Releasing {
  readonly onProgress?: (released: number) => void;
  /** Waits so many milliseconds. Absent: the sweep releases, uncounted, the mail that functions hold for some seconds more. */
  readonly pause?: (milliseconds: number) => Promise<unknown>;
}

/**
 * Removes one hold, or all, from a destination. If none is left, its held mail is released, spread over the ramp. If this stops
 * early, the sweep continues. A delivery with its own hold stays held.
 */
export async function releaseDestination(
  name: string,
  { hold, ramp }: ReleaseSpec,
  { order, services }: Changing,
  { onProgress = () => {}, pause }: Releasing = {},
): Promise<DestinationRelease> {
  const spec = { ...order, spread: ramp, headStart: releaseHeadStart, ...(hold === undefined ? {} : { hold }) };
  const carried = await unholdDestination(name, spec, services);
  const begun = wallTime(services);
  const left = holdsThatLast(carried.record.holds, begun).filter(({ id }) => hold !== undefined && id !== hold);
  const isOpen = left.length === 0;
  const answer = asChange(name, carried, releasedWords(left, { ...(hold === undefined ? {} : { hold }), order }));
  const change: Change = carried.kind === 'changed' && isOpen ? { ...answer, isTried: true } : answer;
  if (order.whatIf === true || carried.kind !== 'changed' || !isOpen) return { change, released: 0 };
  let released = await releaseAllHeld(name, ramp, services, onProgress);
  if (pause !== undefined) {
    // Functions whose copy of the record is some seconds old hold more deliveries, and the index shows those a little later.
    await pause(Math.max(0, begun + releaseEcho - wallTime(services)));
    const before = released;
    released += await releaseAllHeld(name, ramp, services, (more) => onProgress(before + more));
  }
  return { change, released };
}

/** The answer of a release of a destination, without the count of deliveries, which is not known yet. */
function releasedWords(
  left: readonly Hold[],
  { hold, order }: { readonly hold?: string; readonly order: Changing['order'] },
): string {
  const { will, be } = tenseOf(order);
  const released = `${be}released${hold === undefined ? '' : ` (${hold})`}`;
  if (left.length === 0) return `${released}; its mail ${will} be tried again`;
  return `${released}, but it is still ${left.map(holdWords).join(' and ')}; nothing ${will} be tried`;
}

async function releaseAllHeld(
  destination: string,
  ramp: number,
  services: OperatorServices,
  onProgress: (released: number) => void,
): Promise<number> {
  const held = listEntries({ states: ['held'], destination }, services.queries);
  let released = 0;
  for await (const isReleased of mapConcurrently(held, together, (key) => releaseOneHeld(key, ramp, services))) {
    if (isReleased) released += 1;
    onProgress(released);
  }
  return released;
}

async function releaseOneHeld(key: DeliveryKey, ramp: number, services: OperatorServices): Promise<boolean> {
  const found = await orUnreadable(services.ledger.read(key));
  if (isUnreadable(found)) return false;
  let item = found;
  for (let n = 0; n < tries && item !== undefined && isHeldWithDestination(item, services); n += 1) {
    const moved = await releaseDelivery(item, momentWithin(ramp, services), services);
    if (moved.kind === 'moved') return true;
    // Another write came first; the delivery may still be held.
    item = moved.item;
  }
  return false;
}

/** Whether only its destination holds a delivery. Its own holds that have ended do not count. */
function isHeldWithDestination({ state, holds = [] }: DeliveryItem, services: OperatorServices): boolean {
  return state === 'held' && holdsThatLast(holds, wallTime(services)).length === 0;
}

/**
 * Clears the suspension of one destination and of the mailboxes at it, or of all destinations. Destinations that are not
 * suspended are skipped.
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

/** Whether a record belongs to a destination or to a mailbox at it; without a name, every record does. */
export function isMeant({ name }: Pick<DestinationRecord, 'name'>, destination: string | undefined): boolean {
  return destination === undefined || name === destination || name.endsWith(`@${destination}`);
}

/** @param consequence what a change means for the mail */
function asChange(id: string, carried: DestinationOutcome, consequence: string): Change {
  if (carried.kind === 'refused') return { kind: 'refused', id, text: carried.why };
  return { kind: 'changed', id, text: consequence };
}
