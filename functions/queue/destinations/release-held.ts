/**
 * Releases held deliveries: those of a destination whose hold has ended, and those whose own holds have ended.
 */

import type { DestinationRecord } from '../items/destination-record.ts';
import { heldDue, holdsThatLast, holdsThatStay, nextEnd } from '../items/due.ts';
import type { DeliveryItem, HistoryEntry } from '../items/item.ts';
import { releaseGrace, releaseSpread } from '../items/policy.ts';
import type { Changes, Moved } from '../items/ports.ts';
import { readOrSkip } from '../writes/malformed.ts';
import { publishAndWake } from '../writes/publish.ts';
import { wallTime } from '../writes/services.ts';
import { changeDestination } from './change-destination.ts';
import type { QueueServices } from './services.ts';

/**
 * Releases a held delivery; it is due at the given moment, milliseconds since 1970.
 *
 * @param history the new history, if an operator releases it
 */
export async function releaseDelivery(
  item: DeliveryItem,
  due: number,
  services: Pick<QueueServices, 'ledger' | 'events' | 'wakeUps' | 'clock' | 'log' | 'disposal'>,
  history?: readonly HistoryEntry[],
): Promise<Moved> {
  const changes: Changes = { due, holds: null, unpublished: null, ...(history === undefined ? {} : { history }) };
  const moved = await services.ledger.move('release', item, changes);
  if (moved.kind === 'moved') await publishAndWake(moved.item, services);
  return moved;
}

/** Removes the holds of a delivery that have ended. Without any hold left it is released. Returns whether it was. */
export async function endHolds(item: DeliveryItem, services: QueueServices): Promise<boolean> {
  const now = wallTime(services);
  const holds = holdsThatStay(item.holds ?? [], now);
  if (holds.length === 0) return (await releaseDelivery(item, now, services)).kind === 'moved';
  const due = heldDue(holds, item, now, services.parameters) ?? null;
  await services.ledger.move('amend', item, { holds, due, unpublished: null });
  return false;
}

/** Progress of a release. */
export interface ReleaseReport {
  readonly released: number;
  /** Whether all held deliveries of the destination were read. */
  readonly isComplete: boolean;
}

/**
 * Releases the deliveries that were held with their destination, spread over the time in its record. Deliveries with a
 * hold of their own stay held. What does not fit into the time is left to the sweep.
 */
export async function releaseDestination(
  record: DestinationRecord,
  services: QueueServices,
  mayGoOn: () => boolean,
  onProgress: (released: number) => void = () => {},
): Promise<ReleaseReport> {
  const { release, name: destination } = record;
  const spread = release?.spread ?? releaseSpread;
  let released = 0;
  let from: string | undefined;
  do {
    if (!mayGoOn()) return { released, isComplete: false };
    const page = await services.queries.list({ states: ['held'], destination }, from);
    for (const { id, delivery, summary } of page.entries) {
      if (!mayGoOn()) return { released, isComplete: false };
      if (summary.held !== undefined) continue;
      if (await releaseOne({ id, delivery }, spread, services)) released += 1;
    }
    onProgress(released);
    from = page.next;
  } while (from !== undefined);
  return { released, isComplete: true };
}

async function releaseOne(
  key: Pick<DeliveryItem, 'id' | 'delivery'>,
  spread: number,
  services: QueueServices,
): Promise<boolean> {
  const item = await readOrSkip(key, services);
  if (item === 'skipped' || item?.state !== 'held' || (item.holds ?? []).length > 0) return false;
  const due = wallTime(services) + Math.floor(services.random() * spread);
  return (await releaseDelivery(item, due, services)).kind === 'moved';
}

/** Ends the expired holds of a destination and releases its deliveries. Returns how many. */
export async function sweepDestination(name: string, services: QueueServices, mayGoOn: () => boolean): Promise<number> {
  const now = wallTime(services);
  const { record } = await changeDestination(services.destinations, name, (seen) => withoutEndedHolds(seen, now));
  if (record.release === undefined) return 0;
  const { released, isComplete } = await releaseDestination(record, services, mayGoOn);
  // Containers with an older view of the record may hold deliveries for some seconds more; the next sweep finds these.
  if (isComplete && released === 0 && now - record.release.since > releaseGrace) {
    await changeDestination(services.destinations, name, (seen) => withoutRelease(seen, record));
  }
  return released;
}

/**
 * Returns the record without expired holds; without any hold left, its deliveries are to be released. Undefined: no
 * change.
 */
function withoutEndedHolds(seen: DestinationRecord, now: number): DestinationRecord | undefined {
  const holds = holdsThatLast(seen.holds, now);
  if (holds.length === seen.holds.length) return undefined;
  return withHolds(seen, holds, { since: now, spread: releaseSpread });
}

/**
 * Returns the record with other holds. Without holds, the deliveries that were held with it are to be released.
 *
 * @param sweepsFrom when the sweep begins to release them, milliseconds since 1970
 */
export function withHolds(
  { due, release, ...seen }: DestinationRecord,
  holds: DestinationRecord['holds'],
  newRelease: NonNullable<DestinationRecord['release']>,
  sweepsFrom = newRelease.since,
): DestinationRecord {
  if (holds.length === 0) return { ...seen, holds, release: newRelease, due: sweepsFrom };
  const end = nextEnd(holds);
  return { ...seen, holds, ...(end === undefined ? {} : { due: end }) };
}

function withoutRelease(seen: DestinationRecord, { release }: DestinationRecord): DestinationRecord | undefined {
  if (seen.release?.since !== release?.since) return undefined;
  const { due, release: _, ...rest } = seen;
  return rest;
}
