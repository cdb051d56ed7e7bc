/**
 * The outcome of every recipient at the end of a simulation: according to the table, and according to the
 * servers.
 */
import { type DeliveryItem, isFinished, type QueuedRecipient } from '../../functions/queue/items/item.ts';
import type { SimulatedStack } from './simulated-stack.ts';

/** Where a recipient ended. `waiting`: not finished. */
export type End = 'sent' | 'bounced' | 'expired' | 'removed' | 'held' | 'corrupt' | 'waiting' | 'missing';

export interface Audit {
  /** How many recipients ended where. */
  readonly ends: Readonly<Partial<Record<End, number>>>;
  /** Recipients that are nowhere, in two places, still waiting, or reported sent without a server that accepted. */
  readonly lost: readonly string[];
  /** Recipients that have the message more than once, or have it although the table says otherwise. */
  readonly doubled: readonly string[];
  /** Those among them that were never reported in doubt. */
  readonly doubledUnnamed: readonly string[];
}

/** Checks every recipient of every submission. */
export function audit(stack: SimulatedStack): Audit {
  const places = Map.groupBy(
    stack.ledger.items.flatMap((item) => item.recipients.map((recipient) => ({ item, recipient }))),
    ({ item, recipient }) => `${item.id} ${recipient.address}`,
  );
  const taken = new Map([...stack.servers.values()].flatMap((server) => [...server.taken]));
  const ends = new Map<End, number>();
  const lost: string[] = [];
  const doubled: string[] = [];
  for (const { id, recipients } of stack.submitted) {
    for (const address of recipients) {
      const found = places.get(`${id} ${address}`) ?? [];
      const end = found.length === 1 && found[0] !== undefined ? endOf(found[0]) : 'missing';
      ends.set(end, (ends.get(end) ?? 0) + 1);
      const times = taken.get(address)?.count ?? 0;
      if (end === 'missing' || end === 'waiting' || (end === 'sent' && times === 0)) lost.push(address);
      if (times > (end === 'sent' ? 1 : 0)) doubled.push(address);
    }
  }
  const doubledUnnamed = doubled.filter((address) => !stack.figures.doubted.has(address));
  return { ends: Object.fromEntries(ends), lost, doubled, doubledUnnamed };
}

function endOf({ item, recipient }: { readonly item: DeliveryItem; readonly recipient: QueuedRecipient }): End {
  const { last } = recipient;
  if (item.state === 'corrupt') return 'corrupt';
  if (last !== undefined && last.status !== 'deferred' && isFinished(recipient)) return last.status;
  return item.state === 'held' ? 'held' : 'waiting';
}
