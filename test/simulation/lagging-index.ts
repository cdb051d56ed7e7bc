/** An index that is behind its table: it does not show recent arrivals yet, and still shows what has left. */
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import type { Moved } from '../../functions/queue/items/ports.ts';
import { entryOf } from '../../functions/queue/items/summary.ts';
import type { SimulatedStack } from './simulated-stack.ts';

/** A delivery that waited for a place, and from when to when. */
interface Stay {
  readonly item: DeliveryItem;
  readonly from: number;
  to: number;
}

/** Makes the index of deliveries that wait for a place lag by so many milliseconds from now on. */
export function letIndexLag({ ledger, time }: SimulatedStack, lag: number): void {
  const stays: Stay[] = [];
  const latest = new Map<string, Stay>();
  const note = (moved: Moved): Moved => {
    if (moved.kind === 'behind') return moved;
    const { item } = moved;
    const key = `${item.id}/${item.delivery}`;
    const before = latest.get(key);
    if (before !== undefined) before.to = time.wall;
    latest.delete(key);
    if (item.state !== 'queued') return moved;
    const stay = { item, from: time.wall, to: Number.POSITIVE_INFINITY };
    stays.push(stay);
    latest.set(key, stay);
    return moved;
  };
  const admit = ledger.admit.bind(ledger);
  const move = ledger.move.bind(ledger);
  Object.assign(ledger, {
    admit: async (item: DeliveryItem) => note(await admit(item)),
    move: async (...given: Parameters<typeof move>) => note(await move(...given)),
    findQueued: async (...[destination, wanted]: Parameters<typeof ledger.findQueued>) => {
      const at = time.wall - lag;
      return stays
        .filter(({ from, to }) => from <= at && at < to)
        .map(({ item }) => item)
        .filter((item) => item.destination === destination && (item.attempt === 0) === wanted.isNew)
        .filter(({ due = 0 }) => due <= wanted.dueBy)
        .toSorted((a, b) => (a.due ?? 0) - (b.due ?? 0))
        .slice(0, wanted.limit)
        .map(entryOf);
    },
  });
}
