/**
 * Why mail waits: what was said to it, grouped by what the replies have in common.
 */

import type { QueueEntry } from '../queue/items/queue-entry.ts';
import { type Fingerprint, fingerprintKey, fingerprintOf } from './fingerprint.ts';

/** A cause. */
export interface Cause {
  /** Names it (fingerprint.ts). */
  readonly key: string;
  readonly deliveries: number;
  readonly destinations: number;
  /** Of those who wait for that cause, the one that arrived first; milliseconds since 1970. */
  readonly oldest: number;
  /** One of the replies, in the words of whoever said it, cut as the index has it. */
  readonly example: string;
}

/** Causes that are told apart: a server may say something new each time. */
const mostCauses = 2000;

interface Tally {
  readonly fingerprint: Fingerprint;
  readonly example: string;
  readonly destinations: Set<string>;
  deliveries: number;
  oldest: number;
}

/** Counts causes. A delivery that was told several things counts for each. */
export class Causes {
  readonly #tallies = new Map<string, Tally>();
  #untold = 0;
  #others = 0;

  /** Deliveries that wait and were told nothing yet. */
  get untold(): number {
    return this.#untold;
  }

  /** Deliveries with causes that were too many to be told apart. */
  get others(): number {
    return this.#others;
  }

  add({ summary, destination, arrival }: Pick<QueueEntry, 'summary' | 'destination' | 'arrival'>): void {
    if (summary.replies.length === 0) this.#untold += 1;
    // Two replies to one delivery may be the same but for a number.
    const said = new Map(
      summary.replies.map((reply) => {
        const fingerprint = fingerprintOf(reply);
        return [fingerprintKey(fingerprint), { reply, fingerprint }];
      }),
    );
    for (const [key, { reply, fingerprint }] of said) {
      const known = this.#tallies.get(key);
      if (known === undefined && this.#tallies.size >= mostCauses) {
        this.#others += 1;
        continue;
      }
      const tally = known ?? {
        fingerprint,
        example: `${reply.dsn} ${reply.text}`,
        destinations: new Set<string>(),
        deliveries: 0,
        oldest: arrival,
      };
      this.#tallies.set(key, tally);
      tally.deliveries += 1;
      tally.destinations.add(destination);
      tally.oldest = Math.min(tally.oldest, arrival);
    }
  }

  /** The causes, the commonest first. */
  get rows(): readonly Cause[] {
    return [...joined(this.#tallies)]
      .map(([key, { destinations, deliveries, oldest, example }]) => ({
        ...{ key, deliveries, oldest, example },
        destinations: destinations.size,
      }))
      .toSorted((a, b) => b.deliveries - a.deliveries || (a.key < b.key ? -1 : 1));
  }
}

/** A reply that was cut goes with the one that goes on where it ends, if there is only one such. */
function joined(tallies: ReadonlyMap<string, Tally>): ReadonlyMap<string, Tally> {
  const all = new Map(
    [...tallies].map(([key, tally]) => [key, { ...tally, destinations: new Set(tally.destinations) }]),
  );
  for (const [key, { fingerprint }] of tallies) {
    const tally = all.get(key);
    if (!fingerprint.isCut || tally === undefined) continue;
    const longer = [...all.keys()].filter((other) => other !== key && other.startsWith(`${key} `));
    const into = longer.length === 1 ? all.get(longer[0] ?? '') : undefined;
    if (into === undefined) continue;
    into.deliveries += tally.deliveries;
    into.oldest = Math.min(into.oldest, tally.oldest);
    for (const destination of tally.destinations) into.destinations.add(destination);
    all.delete(key);
  }
  return all;
}

/** Whether an entry waits for a cause: it was told that, or what was cut of it. */
export function isFor(key: string): (entry: Pick<QueueEntry, 'summary'>) => boolean {
  return ({ summary }) =>
    summary.replies.some((reply) => {
      const fingerprint = fingerprintOf(reply);
      const own = fingerprintKey(fingerprint);
      return own === key || (fingerprint.isCut && key.startsWith(`${own} `));
    });
}
