/**
 * Holds malformed items, so that an operator sees them and they harm no other mail.
 *
 * Only the attributes that locate the item change; all others stay as they are. An operator corrects the wrong
 * attribute and releases the item, or removes it.
 */

import { slotOf } from '../../request/hash.ts';
import { Flaw, isRecord, isWhole, list } from '../items/form.ts';
import type { DeliveryItem, HistoryEntry, Hold } from '../items/item.ts';
import type { DeliveryKey } from '../items/messages.ts';
import { historyForm, holdForm } from '../items/parse-parts.ts';
import type { RawChanges } from '../items/ports.ts';
import { queueTableSchema } from '../items/table-schema.ts';
import {
  entryOfUnreadable,
  ForeignItem,
  ItemFault,
  malformedHold,
  openAddresses,
  orUnreadable,
  type RawItem,
  rawState,
} from '../items/unreadable-item.ts';
import { orderOf } from '../items/waiting-order.ts';
import { type Order, withHistoryEntry } from './apply-change.ts';
import { type Services, wallTime } from './services.ts';

/** Log message for it. */
export const malformedNote = 'held: its item is malformed';

/** What holding needs. */
interface Needed extends Pick<Services, 'ledger' | 'clock' | 'log' | 'metrics'> {
  /** The scheduler: a malformed item gives its place back. */
  readonly scheduler: { giveBackPlace(item: { readonly destination: string }): void };
}

/**
 * Reads a delivery to work on. A malformed one is held.
 *
 * @throws ForeignItem if only another release can read it
 */
export async function readOrHold(key: DeliveryKey, services: Needed): Promise<DeliveryItem | 'malformed' | undefined> {
  const found = await orUnreadable(services.ledger.read(key));
  if (found instanceof ItemFault) {
    await holdMalformed(found, services);
    return 'malformed';
  }
  if (found instanceof Error) throw found;
  return found;
}

/**
 * Reads a delivery, and skips an item of a release that is too far from this one. That release finds the item by its
 * own sweep; until then this release's sweep skips it again.
 */
export async function readOrSkip(key: DeliveryKey, services: Needed): Promise<DeliveryItem | 'skipped' | undefined> {
  try {
    const item = await readOrHold(key, services);
    return item === 'malformed' ? 'skipped' : item;
  } catch (error) {
    if (!(error instanceof ForeignItem)) throw error;
    logForeign(error, services);
    return 'skipped';
  }
}

/** Holds a malformed item, unless it is done, corrupt, held already, or its worker's lease has not ended. */
export async function holdMalformed(fault: ItemFault, services: Needed): Promise<void> {
  const { ledger, scheduler, log, metrics } = services;
  const { id, delivery, raw } = fault;
  const now = wallTime(services);
  const state = rawState(raw);
  const facts = { id, delivery, state, fault: fault.fault };
  const why = whyNotHeld(raw, now);
  if (why !== undefined) {
    log.note('info', `malformed item left as it is: ${why}`, facts);
    return;
  }
  if (!(await ledger.overwrite(fault, holding(fault, now)))) {
    log.note('warn', 'malformed item not held: it has changed meanwhile', facts);
    return;
  }
  if (state === 'active' && typeof raw['destination'] === 'string')
    scheduler.giveBackPlace({ destination: raw['destination'] });
  metrics?.add('Stranded');
  log.note('error', malformedNote, facts);
  if (state !== 'delivering') return;
  log.note('error', 'lease ran out: the message may be delivered more than once', {
    ...{ id, delivery },
    doubted: openAddresses(raw),
  });
}

/** Logs that an item is left to the release that wrote it. */
export function logForeign({ id, delivery, fault }: ForeignItem, { log }: Pick<Services, 'log'>): void {
  log.note('info', 'left to the release that wrote it', { id, delivery, fault });
}

function whyNotHeld(raw: RawItem, now: number): string | undefined {
  const { state, due, claim, holds } = raw;
  if (state === 'corrupt') return 'it is corrupt, and waits for an operator';
  if (state === 'done' && due === undefined) return 'it is done';
  if (state === 'held' && goodHolds(holds).some(({ id }) => id === malformedHold)) return 'it is held';
  const until = isRecord(claim) ? claim['until'] : undefined;
  const isLeased = [due, until].some((end) => typeof end === 'number' && end > now);
  return state === 'delivering' && isLeased ? 'its worker may still have it' : undefined;
}

/** Returns the attributes that the hold changes: location and summary. All others stay for the operator to see. */
function holding(fault: ItemFault, now: number): RawChanges {
  const { raw, id } = fault;
  const state = rawState(raw);
  const doubt = state === 'delivering' ? '; its lease ran out, so its recipients may have it already' : '';
  const hold: Hold = { id: malformedHold, reason: `${fault.fault} (it was ${state}${doubt})`, by: 'queue', since: now };
  const entry = entryOfUnreadable(fault);
  return {
    ...moved(raw),
    state: 'held',
    holds: [...goodHolds(raw['holds']).filter((other) => other.id !== malformedHold), hold],
    waits: `waiting#${slotOf(id, queueTableSchema.shards)}`,
    order: orderOf({ ...entry, state: 'held' }),
    summary: { ...entry.summary, held: hold.reason, malformed: fault.fault },
    [queueTableSchema.timeToLive]: null,
  };
}

/** Makes earlier messages stale, and takes the item out of the sweep's index. */
function moved({ generation }: RawItem): RawChanges {
  return {
    ...(isWhole(generation) ? { generation: generation + 1 } : {}),
    ...{ due: null, shard: null, unpublished: null },
  };
}

/** Seconds that a removed item stays in the table. */
const retention = 30 * 86_400;

/** The result of a removal. */
export type RemovedMalformed =
  | { readonly kind: 'changed'; readonly what: string }
  | { readonly kind: 'refused'; readonly why: string };

/** Removes a malformed item. No event is published, because its recipients cannot be read reliably. */
export async function removeMalformed(
  fault: ItemFault,
  { by, why, whatIf = false }: Order,
  services: Pick<Services, 'ledger' | 'destinations' | 'clock' | 'log'>,
): Promise<RemovedMalformed> {
  const { ledger, destinations, log } = services;
  const { id, delivery, raw } = fault;
  const state = rawState(raw);
  if (state === 'done') return { kind: 'refused', why: 'it is done' };
  const now = wallTime(services);
  if (state === 'delivering' && whyNotHeld(raw, now) !== undefined) {
    return { kind: 'refused', why: 'it is being delivered: try again after its lease has ended' };
  }
  const what = `removed; it was malformed: ${fault.fault}`;
  if (whatIf) return { kind: 'changed', what };
  const changes = {
    ...moved(raw),
    ...{ state: 'done', waits: null, order: null, summary: null, holds: null },
    history: withHistoryEntry(goodHistory(raw['history']), { at: now, by, what: 'removed', why }),
    [queueTableSchema.timeToLive]: Math.floor(now / 1000) + retention,
  };
  if (!(await ledger.overwrite(fault, changes))) return { kind: 'refused', why: 'it has changed meanwhile' };
  log.note('info', 'changed by hand', { id, delivery, by, what, why });
  if (state === 'active' && typeof raw['destination'] === 'string') await destinations.vacate(raw['destination'], 1);
  return { kind: 'changed', what };
}

const holdsForm = list(holdForm);
const entriesForm = list(historyForm);

function goodHolds(holds: unknown): readonly Hold[] {
  return holdsForm(holds, new Flaw()) ? holds : [];
}

function goodHistory(history: unknown): readonly HistoryEntry[] {
  return entriesForm(history, new Flaw()) ? history : [];
}
