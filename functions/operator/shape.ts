/**
 * The shape of the queue: how much mail waits, by age and destination (qshape(1)). A destination in trouble has old mail; one that
 * receives too much has young mail.
 */

import type { QueueEntry, QueueFilter } from '../queue/items/queue-entry.ts';
import { splitAddress } from '../smtp/path.ts';
import type { OperatorServices } from './operator.ts';
import { listEntries } from './selection.ts';
import { undelivered } from './waiting.ts';

/** Ages in minutes. A column counts mail younger than its age, but not younger than the age before it. */
export const shapeAges = [5, 10, 20, 40, 80, 160, 320, 640, 1280] as const;

/** One row. */
export interface ShapeRow {
  readonly name: string;
  readonly total: number;
  /** One number for each age, and one for older mail. */
  readonly counts: readonly number[];
}

/** What a row is: a destination, or a sender domain (qshape -s). */
export type ShapeBy = 'destination' | 'sender';

/** Counts deliveries, in memory that does not grow with their number. */
export class Shape {
  readonly #rows = new Map<string, number[]>();
  readonly #by: ShapeBy;
  readonly #now: number;

  /** @param now milliseconds since 1970 */
  constructor(by: ShapeBy, now: number) {
    this.#by = by;
    this.#now = now;
  }

  add(entry: Pick<QueueEntry, 'arrival' | 'destination' | 'sender'>): void {
    const name = this.#by === 'destination' ? entry.destination : senderDomain(entry.sender);
    const counts = this.#rows.get(name) ?? new Array<number>(shapeAges.length + 1).fill(0);
    this.#rows.set(name, counts);
    const column = columnOf((this.#now - entry.arrival) / 60_000);
    counts[column] = (counts[column] ?? 0) + 1;
  }

  /** The sum of all rows. */
  get total(): ShapeRow {
    const counts = shapeAges.map(() => 0).concat(0);
    for (const row of this.#rows.values())
      for (const [column, count] of row.entries()) counts[column] = (counts[column] ?? 0) + count;
    return asRow('TOTAL', counts);
  }

  /** The rows, the largest first. */
  get rows(): readonly ShapeRow[] {
    const rows = [...this.#rows].map(([name, counts]) => asRow(name, counts));
    return rows.toSorted((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1));
  }
}

/** Counts the deliveries that match; without states in the filter, all undelivered ones. */
export async function shapeQueue(
  filter: QueueFilter,
  by: ShapeBy,
  now: number,
  { queries }: Pick<OperatorServices, 'queries'>,
  onEntry: (counted: number, consumed: number) => void = () => {},
): Promise<Shape> {
  const shape = new Shape(by, now);
  const states = filter.states ?? undelivered;
  let counted = 0;
  let consumed = 0;
  const entries = listEntries({ ...filter, states }, queries, (units) => {
    consumed += units;
  });
  for await (const entry of entries) {
    shape.add(entry);
    counted += 1;
    onEntry(counted, consumed);
  }
  return shape;
}

/** The row of a sender; mail from the null sender has its own, as in qshape. */
function senderDomain(sender: string): string {
  return sender === '' ? 'MAILER-DAEMON' : splitAddress(sender.toLowerCase()).domain;
}

function columnOf(minutes: number): number {
  const column = shapeAges.findIndex((age) => minutes < age);
  return column === -1 ? shapeAges.length : column;
}

function asRow(name: string, counts: readonly number[]): ShapeRow {
  return { name, total: counts.reduce((sum, count) => sum + count, 0), counts };
}
