/**
 * The deliveries that an operator selects: by queue id, or by a filter.
 */

import type { DeliveryItem } from '../queue/items/item.ts';
import type { DeliveryKey } from '../queue/items/messages.ts';
import type { QueueEntry, QueueFilter } from '../queue/items/queue-entry.ts';
import type { State } from '../queue/items/states.ts';
import { isUnreadable, orUnreadable, type UnreadableItem } from '../queue/items/unreadable-item.ts';
import { wallTime } from '../queue/writes/services.ts';
import type { OperatorServices } from './operator.ts';
import { matchesItem } from './queue-filter.ts';
import { type Waiter, waitOf } from './waiting.ts';

/** What is selected. */
export type Selection =
  /** Queue ids, `ID/0000` for one delivery of several, and names of corrupt requests. */
  | { readonly kind: 'ids'; readonly ids: AsyncIterable<string> | Iterable<string> }
  /** All deliveries that match; done ones never do. `isWanted` adds a condition that a filter cannot express. */
  | { readonly kind: 'filter'; readonly filter: QueueFilter; readonly isWanted?: (waiter: Waiter) => boolean };

/** A selected delivery, or a name that is not one. */
export type Selected =
  /** `destination`: when it was found; absent if the item cannot be read. */
  | { readonly kind: 'delivery'; readonly key: DeliveryKey; readonly destination?: string }
  /** Not a delivery: perhaps a request that could not be used. */
  | { readonly kind: 'name'; readonly id: string };

/** Yields what is selected, page by page. */
export async function* select(
  selection: Selection,
  { ledger, queries }: Pick<OperatorServices, 'ledger' | 'queries'>,
): AsyncIterable<Selected> {
  if (selection.kind === 'ids') {
    for await (const id of selection.ids) yield* await selectId(id, ledger);
    return;
  }
  const { filter, isWanted = () => true } = selection;
  for await (const entry of listEntries(filter, queries)) {
    const { id, delivery, destination } = entry;
    if (isWanted(entry)) yield { kind: 'delivery', key: { id, delivery }, destination };
  }
}

/**
 * All entries that match, each once, also where it moves while they are listed. `onPage` hears what each page cost, in read request
 * units. An entry takes about 100 octets of memory until the list ends.
 */
export async function* listEntries(
  filter: QueueFilter,
  queries: OperatorServices['queries'],
  onPage: (consumed: number) => void = () => {},
): AsyncIterable<QueueEntry> {
  const listed = new Set<string>();
  const isListed = ({ id, delivery }: DeliveryKey) => listed.has(`${id}/${delivery}`);
  let from: string | undefined;
  do {
    const page = await queries.list(filter, from, isListed);
    onPage(page.consumed);
    for (const entry of page.entries) {
      if (isListed(entry)) continue;
      listed.add(`${entry.id}/${entry.delivery}`);
      yield entry;
    }
    from = page.next;
  } while (from !== undefined);
}

/** Returns whether an item still matches the selection. */
export function isSelected(item: DeliveryItem, selection: Selection): boolean {
  if (selection.kind === 'ids') return true;
  const { filter, isWanted = () => true } = selection;
  return item.state !== 'done' && matchesItem(item, filter) && isWanted(item);
}

/** Returns the delivery that a text such as `ID/0000` names. */
export function parseDeliveryName(text: string): DeliveryKey | undefined {
  const [, id, delivery] = /^(.+)\/(\d{4,7})$/.exec(text) ?? [];
  return id === undefined || delivery === undefined ? undefined : { id, delivery };
}

async function selectId(text: string, ledger: OperatorServices['ledger']): Promise<readonly Selected[]> {
  const key = parseDeliveryName(text);
  if (key !== undefined) {
    const item = await orUnreadable(ledger.read(key));
    return [item === undefined ? { kind: 'name', id: text } : found(item)];
  }
  const items = await ledger.readAll(text);
  return items.length === 0 ? [{ kind: 'name', id: text }] : items.map(found);
}

function found(item: DeliveryItem | UnreadableItem): Selected {
  const { id, delivery } = item;
  const key = { id, delivery };
  return isUnreadable(item) ? { kind: 'delivery', key } : { kind: 'delivery', key, destination: item.destination };
}

/** States in which a delivery may wait for its due time. */
const timed = ['deferred', 'queued'] as const satisfies readonly State[];

/**
 * Returns the selection of a flush: only the deliveries that wait for their due time. A selection by ids, or by states that the
 * operator named, stays unchanged.
 *
 * @param onPlace is called for each delivery that waits for a place in active instead, which a flush does not change
 */
export function waitingForTime(
  selection: Selection,
  services: Pick<OperatorServices, 'clock'>,
  onPlace: () => void = () => {},
): Selection {
  if (selection.kind === 'ids' || selection.filter.states !== undefined) return selection;
  const now = wallTime(services);
  return {
    kind: 'filter',
    filter: { ...selection.filter, states: timed },
    isWanted: (waiter) => {
      const wait = waitOf(waiter, now);
      if (wait === 'place') onPlace();
      return wait === 'time';
    },
  };
}
