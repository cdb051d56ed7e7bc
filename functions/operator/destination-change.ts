/**
 * What people change about a destination: holds, which may be several, and a new beginning after a suspension. Written down in
 * its record, with who and why.
 */

import { changeDestination } from '../queue/destinations/change-destination.ts';
import { withHolds } from '../queue/destinations/release-held.ts';
import type { DestinationRecord } from '../queue/items/destination-record.ts';
import type { Hold } from '../queue/items/item.ts';
import { releaseSpread } from '../queue/items/policy.ts';
import { type Order, withHistoryEntry } from '../queue/writes/apply-change.ts';
import { type Services, wallTime } from '../queue/writes/services.ts';

/** How an order ended: the record as it is then, or as it would be if it was only asked what if. */
export type DestinationCarried =
  | { readonly kind: 'changed'; readonly what: string; readonly record: DestinationRecord }
  | { readonly kind: 'refused'; readonly why: string; readonly record: DestinationRecord };

type Needed = Pick<Services, 'destinations' | 'clock' | 'log'>;

/** Holds a destination: nothing is sent to it. Containers know it within some seconds. */
export async function holdDestination(
  name: string,
  order: Order & { readonly hold: string; readonly until?: number },
  services: Needed,
): Promise<DestinationCarried> {
  const { hold: id, until, by, why: reason } = order;
  return await carryOut(name, order, services, (record, now) => {
    const hold: Hold = { id, reason, by, since: now, ...(until === undefined ? {} : { until }) };
    const holds = [...record.holds.filter((other) => other.id !== id), hold];
    return { changed: withHolds(record, holds, { since: now, spread: 0 }), what: `held (${id})` };
  });
}

/**
 * Takes a hold, or all of them, off a destination. What was held with it is let go over `spread` milliseconds: by the sweep, or
 * at once by the caller, which the sweep then gives `headStart` milliseconds.
 */
export async function unholdDestination(
  name: string,
  order: Order & { readonly hold?: string; readonly spread?: number; readonly headStart?: number },
  services: Needed,
): Promise<DestinationCarried> {
  const { hold: id, spread = releaseSpread, headStart = 0 } = order;
  return await carryOut(name, order, services, (record, now) => {
    const holds = id === undefined ? [] : record.holds.filter((hold) => hold.id !== id);
    if (holds.length === record.holds.length) {
      return { refused: record.holds.length === 0 ? 'it is not held' : `there is no hold "${id}" on it` };
    }
    const what = id === undefined ? 'released' : `released (${id})`;
    return { changed: withHolds(record, holds, { since: now, spread }, now + headStart), what };
  });
}

/** Takes a destination for alive again: its suspension and its failures are forgotten. */
export async function reopenDestination(name: string, order: Order, services: Needed): Promise<DestinationCarried> {
  return await carryOut(name, order, services, ({ suspension, window, probe, trials, ...rest }) => {
    if (suspension === undefined && window === undefined) return { refused: 'it is not suspended' };
    return { changed: rest, what: 'taken for alive' };
  });
}

type Decision = { readonly changed: DestinationRecord; readonly what: string } | { readonly refused: string };

async function carryOut(
  name: string,
  { by, why, whatIf = false }: Order,
  { destinations, clock, log }: Needed,
  decide: (record: DestinationRecord, now: number) => Decision,
): Promise<DestinationCarried> {
  const now = wallTime({ clock });
  let decision: Decision = { refused: 'nothing was decided' };
  const { record } = await changeDestination(destinations, name, (seen) => {
    decision = decide(seen, now);
    if ('refused' in decision || whatIf) return undefined;
    const { changed, what } = decision;
    return { ...changed, history: withHistoryEntry(changed.history, { at: now, by, what, why }) };
  });
  return concluded(decision, record, (what) => {
    if (!whatIf) log.note('info', 'changed by hand', { destination: name, by, what, why });
  });
}

function concluded(decision: Decision, record: DestinationRecord, note: (what: string) => void): DestinationCarried {
  if ('refused' in decision) return { kind: 'refused', why: decision.refused, record };
  note(decision.what);
  return { kind: 'changed', what: decision.what, record };
}
