/**
 * Destinations as a screen shows them: their state, and the mail that waits for each.
 */

import type { DestinationRecord } from '../queue/items/destination-record.ts';
import { emptyRecord } from '../queue/items/destination-record.ts';
import type { QueueEntry } from '../queue/items/queue-entry.ts';
import { type DestinationState, destinationState } from './explain.ts';
import { fingerprintKey, fingerprintOf } from './fingerprint.ts';

/** A destination. Times are milliseconds since 1970. */
export interface TroubledDestination {
  readonly name: string;
  readonly state: DestinationState;
  readonly record: DestinationRecord;
  /** Deliveries that wait or are in delivery. */
  readonly waiting: number;
  /** The late ones among them. */
  readonly late: number;
  /** Arrival of the oldest. */
  readonly oldest?: number;
  /** The most frequent last reply; if the destination is suspended, its last failure. */
  readonly reply?: string;
}

/** The most different replies that are counted for one destination. */
const mostReplies = 20;

interface Tally {
  waiting: number;
  late: number;
  oldest: number;
  readonly replies: Map<string, { readonly text: string; deliveries: number }>;
}

/** Counts deliveries by destination. */
export class DestinationTallies {
  readonly #tallies = new Map<string, Tally>();
  readonly #lateBefore: number;

  /** @param lateBefore mail that arrived before is late; milliseconds since 1970 */
  constructor(lateBefore: number) {
    this.#lateBefore = lateBefore;
  }

  add({ destination, arrival, summary }: Pick<QueueEntry, 'destination' | 'arrival' | 'summary'>): void {
    const known = this.#tallies.get(destination);
    const tally = known ?? { waiting: 0, late: 0, oldest: arrival, replies: new Map() };
    if (known === undefined) this.#tallies.set(destination, tally);
    tally.waiting += 1;
    if (arrival < this.#lateBefore && summary.drops !== true) tally.late += 1;
    tally.oldest = Math.min(tally.oldest, arrival);
    const [reply] = summary.replies;
    if (reply === undefined) return;
    const key = fingerprintKey(fingerprintOf(reply));
    const said = tally.replies.get(key);
    if (said !== undefined) said.deliveries += 1;
    else if (tally.replies.size < mostReplies) {
      tally.replies.set(key, { text: `${reply.dsn} ${reply.text}`, deliveries: 1 });
    }
  }

  /** Returns the destinations that mail waits for, and those that are stopped or being released. */
  with(records: readonly DestinationRecord[], now: number): readonly TroubledDestination[] {
    const byName = new Map(records.map((record) => [record.name, record]));
    const unusual = records.filter((record) => isUnusual(record, now)).map(({ name }) => name);
    const names = new Set([...this.#tallies.keys(), ...unusual]);
    const all = [...names].map((name) => this.#describe(byName.get(name) ?? emptyRecord(name), now));
    const isStopped = ({ state }: TroubledDestination) => (state === 'open' ? 1 : 0);
    return all.toSorted((a, b) => isStopped(a) - isStopped(b) || b.waiting - a.waiting || (a.name < b.name ? -1 : 1));
  }

  #describe(record: DestinationRecord, now: number): TroubledDestination {
    const { name, suspension } = record;
    const { waiting = 0, late = 0, oldest, replies } = this.#tallies.get(name) ?? {};
    const commonest = [...(replies?.values() ?? [])].toSorted((a, b) => b.deliveries - a.deliveries)[0]?.text;
    const reply = suspension === undefined ? commonest : `${suspension.dsn} ${suspension.why}`;
    return {
      ...{ name, record, waiting, late, state: destinationState(record, now) },
      ...(oldest === undefined ? {} : { oldest }),
      ...(reply === undefined ? {} : { reply }),
    };
  }
}

/** Whether to show a destination that no mail waits for: it is stopped or being released. */
function isUnusual(record: DestinationRecord, now: number): boolean {
  return destinationState(record, now) !== 'open' || record.release !== undefined;
}
