/**
 * What is in the queue, entry by entry, with what was said to each recipient last.
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
  /** `item`: the whole of it; absent where only the summary was wanted. */
  | { readonly kind: 'delivery'; readonly entry: QueueEntry; readonly item?: DeliveryItem }
  | { readonly kind: 'request'; readonly request: CorruptRequest };

/** What is wanted. */
export interface ListWish {
  /** Queue ids, those of corrupt requests and of their producers among them; absent: whatever matches. */
  readonly ids?: readonly string[];
  readonly filter: QueueFilter;
  /** Most entries; 0: all. */
  readonly limit: number;
  /** The summaries of the index are enough: no item is read. */
  readonly isBrief: boolean;
  /** Those that arrived first, in that order; the whole queue is looked through, and `limit` entries are kept of it. */
  readonly isOldestFirst: boolean;
}

/** What a list took. */
export interface ListCost {
  pages: number;
  /** Read request units of the index. */
  consumed: number;
}

/** Items that are read at once. */
const together = 20;

type ListServices = Pick<OperatorServices, 'ledger' | 'queries' | 'corruptRequests'>;

/** Lists what is wanted. Corrupt requests come last, where there is room for them. */
export async function* listQueue(
  { ids, filter, limit, isBrief, isOldestFirst }: ListWish,
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

/** Lists what has an id: the deliveries of a message that are not done, and the requests that wait under it. */
async function* listNamed(name: string, services: ListServices): AsyncIterable<Listed> {
  const key = parseDeliveryName(name);
  const found = await services.ledger.readAll(key?.id ?? name);
  for (const item of found) {
    if (key !== undefined && item.delivery !== key.delivery) continue;
    if (isUnreadable(item)) yield { kind: 'delivery', entry: { ...entryOfUnreadable(item), fault: item.fault } };
    else if (item.state !== 'done') yield { kind: 'delivery', entry: entryOf(item), item };
  }
  for (const request of await findRequests(name, services)) {
    if (request.isSettled === undefined) yield { kind: 'request', request };
  }
}

/** The entry with its item, unless the item is done by now. */
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

/** The first of many; nobody is asked for those that follow. */
async function* first<T>(all: AsyncIterable<T> | Iterable<T>, most: number): AsyncIterable<T> {
  let left = most;
  for await (const one of all) {
    yield one;
    left -= 1;
    if (left <= 0) return;
  }
}

/** Those that arrived first. No more are kept than are wanted. */
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

/** Whether a request that was never taken in may match: of its envelope nothing is known. */
function mayBeRequest({ states, destination, sender, recipient, inDoubt }: QueueFilter): boolean {
  const asksOthers = [destination, sender, recipient, inDoubt].some((condition) => condition !== undefined);
  return !asksOthers && (states === undefined || states.includes('corrupt'));
}

function matchesRequest({ reason, at, sent = at }: CorruptRequest, filter: QueueFilter): boolean {
  const { reply, arrivedBy = Number.POSITIVE_INFINITY, arrivedFrom = 0 } = filter;
  const isThatReason = reply === undefined || reason.toLowerCase().includes(reply.toLowerCase());
  return isThatReason && sent <= arrivedBy && sent >= arrivedFrom;
}
