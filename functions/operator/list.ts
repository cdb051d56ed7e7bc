/**
 * The entries of the queue, with the last reply to each recipient.
 */

import type { DeliveryItem } from '../queue/items/item.ts';
import { mapConcurrently } from '../queue/items/map-concurrently.ts';
import type { QueueEntry, QueueFilter } from '../queue/items/queue-entry.ts';
import { entryOf } from '../queue/items/summary.ts';
import { entryOfUnreadable, isUnreadable, orUnreadable } from '../queue/items/unreadable-item.ts';
import { findRequests } from './corrupt-requests.ts';
import type { OperatorServices } from './operator.ts';
import type { CorruptRequest } from './ports.ts';
import { listEntries, parseDeliveryName } from './selection.ts';

/** One entry. */
export type Listed =
  /** `item`: absent if only the summary was wanted. */
  | { readonly kind: 'delivery'; readonly entry: QueueEntry; readonly item?: DeliveryItem }
  | { readonly kind: 'request'; readonly request: CorruptRequest };

/** What to list. */
export interface ListSpec {
  /** Queue ids, case ids of corrupt requests, or ids that producers gave; absent: all that match the filter. */
  readonly ids?: readonly string[];
  readonly filter: QueueFilter;
  /** Most entries; 0: all. */
  readonly limit: number;
  /** Only the summaries of the index are listed, and no item is read. */
  readonly isBrief: boolean;
  /** The `limit` oldest entries by arrival, in that order; this reads the index of the whole queue. */
  readonly isOldestFirst: boolean;
}

/** What a list cost. */
export interface ListCost {
  pages: number;
  /** Read request units of the index. */
  consumed: number;
}

/** Items that are read at once. */
const together = 20;

type ListServices = Pick<OperatorServices, 'ledger' | 'queries' | 'corruptRequests'>;

/** Yields the entries to list. Corrupt requests come last, up to the limit. */
export async function* listQueue(
  { ids, filter, limit, isBrief, isOldestFirst }: ListSpec,
  services: ListServices,
  onPage: (cost: Readonly<ListCost>) => void = () => {},
): AsyncIterable<Listed> {
  if (ids !== undefined) {
    for (const id of ids) yield* listNamed(id, services);
    return;
  }
  const cost: ListCost = { pages: 0, consumed: 0 };
  const found = listEntries(filter, services.queries, (consumed) => {
    cost.pages += 1;
    cost.consumed += consumed;
    onPage(cost);
  });
  const most = limit === 0 ? Number.POSITIVE_INFINITY : limit;
  const entries = isOldestFirst ? await oldest(found, most) : found;
  let left = most;
  const show = async (entry: QueueEntry) => await completed(entry, isBrief, services);
  for await (const listed of mapConcurrently(first(entries, most), isBrief ? 1 : together, show)) {
    if (listed === undefined) continue;
    left -= 1;
    yield listed;
  }
  if (left <= 0 || !mayBeRequest(filter)) return;
  for await (const request of services.corruptRequests.list()) {
    if (!matchesRequest(request, filter)) continue;
    yield { kind: 'request', request };
    left -= 1;
    if (left <= 0) return;
  }
}

/** Yields the entries with an id: the unfinished deliveries of a message, and the corrupt requests that wait. */
async function* listNamed(name: string, services: ListServices): AsyncIterable<Listed> {
  const key = parseDeliveryName(name);
  const found = await services.ledger.readAll(key?.id ?? name);
  for (const item of found) {
    if (key !== undefined && item.delivery !== key.delivery) continue;
    if (isUnreadable(item)) yield { kind: 'delivery', entry: { ...entryOfUnreadable(item), fault: item.fault } };
    else if (item.state !== 'done') yield { kind: 'delivery', entry: entryOf(item), item };
  }
  for (const request of await findRequests(name, services)) {
    if (request.isClosed === undefined) yield { kind: 'request', request };
  }
}

/** Returns the entry with its item; undefined if the delivery has finished since. */
async function completed(
  entry: QueueEntry,
  isBrief: boolean,
  { ledger }: Pick<ListServices, 'ledger'>,
): Promise<Listed | undefined> {
  if (isBrief) return { kind: 'delivery', entry };
  const item = await orUnreadable(ledger.read(entry));
  if (isUnreadable(item)) return { kind: 'delivery', entry: { ...entry, fault: item.fault } };
  return item === undefined || item.state === 'done' ? undefined : { kind: 'delivery', entry: entryOf(item), item };
}

/** Yields the first `most`, and does not request the next. */
async function* first<T>(all: AsyncIterable<T> | Iterable<T>, most: number): AsyncIterable<T> {
  let left = most;
  for await (const one of all) {
    yield one;
    left -= 1;
    if (left <= 0) return;
  }
}

/** Returns the entries that arrived first. At most `most` are in memory at once. */
async function oldest(entries: AsyncIterable<QueueEntry>, most: number): Promise<readonly QueueEntry[]> {
  const kept: QueueEntry[] = [];
  for await (const entry of entries) {
    if (kept.length >= most && entry.arrival >= (kept.at(-1)?.arrival ?? 0)) continue;
    const place = kept.findIndex(({ arrival }) => arrival > entry.arrival);
    kept.splice(place === -1 ? kept.length : place, 0, entry);
    if (kept.length > most) kept.pop();
  }
  return kept;
}

/** Whether a corrupt request may match: its envelope is not known. */
function mayBeRequest({ states, destination, sender, recipient, inDoubt }: QueueFilter): boolean {
  const asksOthers = [destination, sender, recipient, inDoubt].some((condition) => condition !== undefined);
  return !asksOthers && (states === undefined || states.includes('corrupt'));
}

function matchesRequest({ reason, at, sent = at }: CorruptRequest, filter: QueueFilter): boolean {
  const { reply, arrivedBy = Number.POSITIVE_INFINITY, arrivedFrom = 0 } = filter;
  const isThatReason = reply === undefined || reason.toLowerCase().includes(reply.toLowerCase());
  return isThatReason && sent <= arrivedBy && sent >= arrivedFrom;
}
