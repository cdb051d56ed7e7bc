/**
 * An operator's changes to a destination: its holds, and the end of its suspension. The history in its record names the author
 * and the reason.
 */

import { changeDestination } from '../queue/destinations/change-destination.ts';
import { withHolds } from '../queue/destinations/release-held.ts';
import type { DestinationRecord } from '../queue/items/destination-record.ts';
import type { Hold } from '../queue/items/item.ts';
import { releaseSpread } from '../queue/items/policy.ts';
import { type Order, withHistoryEntry } from '../queue/writes/apply-change.ts';
import { type Services, wallTime } from '../queue/writes/services.ts';

/** How an order ended; with `whatIf`, the record is unchanged. */
export type DestinationOutcome =
  | { readonly kind: 'changed'; readonly what: string; readonly record: DestinationRecord }
  | { readonly kind: 'refused'; readonly why: string; readonly record: DestinationRecord };

type RecordServices = Pick<Services, 'destinations' | 'clock' | 'log'>;

/** Holds a destination: no mail is sent to it. Containers read the hold within some seconds. */
export async function holdDestination(
  name: string,
  order: Order & { readonly hold: string; readonly until?: number },
  services: RecordServices,
): Promise<DestinationOutcome> {
  const { hold: id, until, by, why: reason } = order;
  return await changeRecord(name, order, services, (record, now) => {
    const hold: Hold = { id, reason, by, since: now, ...(until === undefined ? {} : { until }) };
    const holds = [...record.holds.filter((other) => other.id !== id), hold];
    return { changed: withHolds(record, holds, { since: now, spread: 0 }), what: `held (${id})` };
  });
}

/**
 * Removes one hold, or all, from a destination. The sweep releases the held mail over `spread` milliseconds. It starts after
 * `headStart` milliseconds, so that the caller can release mail first.
 */
export async function unholdDestination(
  name: string,
  order: Order & { readonly hold?: string; readonly spread?: number; readonly headStart?: number },
  services: RecordServices,
): Promise<DestinationOutcome> {
  const { hold: id, spread = releaseSpread, headStart = 0 } = order;
  return await changeRecord(name, order, services, (record, now) => {
    const holds = id === undefined ? [] : record.holds.filter((hold) => hold.id !== id);
    if (holds.length === record.holds.length) {
      return { refused: record.holds.length === 0 ? 'it is not held' : `it has no hold "${id}"` };
    }
    const what = id === undefined ? 'released' : `released (${id})`;
    return { changed: withHolds(record, holds, { since: now, spread }, now + headStart), what };
  });
}

/** Clears the suspension of a destination and its count of failures. */
export async function reopenDestination(
  name: string,
  order: Order,
  services: RecordServices,
): Promise<DestinationOutcome> {
  return await changeRecord(name, order, services, ({ suspension, window, probe, trials, ...rest }) => {
    if (suspension === undefined && window === undefined) return { refused: 'it is not suspended' };
    return { changed: rest, what: 'suspension cleared' };
  });
}

type Decision = { readonly changed: DestinationRecord; readonly what: string } | { readonly refused: string };

async function changeRecord(
  name: string,
  { by, why, whatIf = false }: Order,
  { destinations, clock, log }: RecordServices,
  decide: (record: DestinationRecord, now: number) => Decision,
): Promise<DestinationOutcome> {
  const now = wallTime({ clock });
  let decision: Decision = { refused: 'nothing was decided' };
  const { record } = await changeDestination(destinations, name, (seen) => {
    decision = decide(seen, now);
    if ('refused' in decision || whatIf) return undefined;
    const { changed, what } = decision;
    return { ...changed, history: withHistoryEntry(changed.history, { at: now, by, what, why }) };
  });
  return outcomeOf(decision, record, (what) => {
    if (!whatIf) log.note('info', 'changed by hand', { destination: name, by, what, why });
  });
}

function outcomeOf(decision: Decision, record: DestinationRecord, note: (what: string) => void): DestinationOutcome {
  if ('refused' in decision) return { kind: 'refused', why: decision.refused, record };
  note(decision.what);
  return { kind: 'changed', what: decision.what, record };
}
