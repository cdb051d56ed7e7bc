/**
 * Held deliveries are let go: those of a destination that is held no more, and those whose own holds have ended.
 */

import type { DestinationRecord } from '../items/destination-record.ts';
import { heldDue, holdsThatLast, nextEnd } from '../items/due.ts';
import type { DeliveryItem, HistoryEntry } from '../items/item.ts';
import { releaseGrace, releaseSpread } from '../items/policy.ts';
import type { Changes, Moved } from '../items/ports.ts';
import { readOrLeave } from '../writes/malformed.ts';
import { publishAndWake } from '../writes/publish.ts';
import { wallTime } from '../writes/services.ts';
import { changeDestination } from './change-destination.ts';
import type { QueueServices } from './services.ts';

/**
 * Lets a held delivery go; its turn comes at the given moment, milliseconds since 1970.
 *
 * @param history what people changed, if somebody does so now
 */
export async function letGo(
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

/** Looks at a held delivery one of whose holds has ended: the others stay, and without any it is let go. */
export async function endHolds(item: DeliveryItem, services: QueueServices): Promise<boolean> {
  const now = wallTime(services);
  const holds = holdsThatLast(item.holds ?? [], now);
  if (holds.length === 0) return (await letGo(item, now, services)).kind === 'moved';
  const due = heldDue(holds, item, now, services.parameters) ?? null;
  await services.ledger.move('amend', item, { holds, due, unpublished: null });
  return false;
}

/** What letting go came to so far. */
export interface ReleaseReport {
  readonly released: number;
  /** Whether all deliveries of the destination were looked at. */
  readonly isComplete: boolean;
}

/**
 * Lets the deliveries go that were held with their destination, spread over the time that its record says. Whoever is held
 * for a reason of its own stays. What is not done in time is done by the sweep.
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
  const item = await readOrLeave(key, services);
  if (item === 'left' || item?.state !== 'held' || (item.holds ?? []).length > 0) return false;
  const due = wallTime(services) + Math.floor(services.random() * spread);
  return (await letGo(item, due, services)).kind === 'moved';
}

/** What the sweep does with the record of a destination: its holds end, and what was held with it is let go. */
export async function sweepDestination(name: string, services: QueueServices, mayGoOn: () => boolean): Promise<number> {
  const now = wallTime(services);
  const { record } = await changeDestination(services.destinations, name, (seen) => withoutEndedHolds(seen, now));
  if (record.release === undefined) return 0;
  const { released, isComplete } = await releaseDestination(record, services, mayGoOn);
  // Containers that have not heard of it yet may hold deliveries for some seconds more: then they are found next time.
  if (isComplete && released === 0 && now - record.release.since > releaseGrace) {
    await changeDestination(services.destinations, name, (seen) => withoutRelease(seen, record));
  }
  return released;
}

/** The record at a moment: holds that have ended are gone, and without any, its deliveries are to be let go. */
function withoutEndedHolds(seen: DestinationRecord, now: number): DestinationRecord | undefined {
  const holds = holdsThatLast(seen.holds, now);
  if (holds.length === seen.holds.length) return undefined;
  return withHolds(seen, holds, { since: now, spread: releaseSpread });
}

/**
 * The record with other holds; where none is left, what was held with it is let go.
 *
 * @param sweepsFrom when the sweep begins to do so, milliseconds since 1970
 */
export function withHolds(
  { due, release, ...seen }: DestinationRecord,
  holds: DestinationRecord['holds'],
  letting: NonNullable<DestinationRecord['release']>,
  sweepsFrom = letting.since,
): DestinationRecord {
  if (holds.length === 0) return { ...seen, holds, release: letting, due: sweepsFrom };
  const end = nextEnd(holds);
  return { ...seen, holds, ...(end === undefined ? {} : { due: end }) };
}

function withoutRelease(seen: DestinationRecord, { release }: DestinationRecord): DestinationRecord | undefined {
  if (seen.release?.since !== release?.since) return undefined;
  const { due, release: _, ...rest } = seen;
  return rest;
}
