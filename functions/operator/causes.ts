/**
 * Why mail waits: the last replies to it, grouped by what they have in common.
 */

import type { QueueEntry, SummaryReply } from '../queue/items/queue-entry.ts';
import { asSentence, type CommonWords, inCommon, wordsToShow } from './common-words.ts';
import { type Fingerprint, fingerprintKey, fingerprintOf } from './fingerprint.ts';

/** A cause. */
export interface Cause {
  /** The key of its replies' fingerprint (fingerprint.ts). */
  readonly key: string;
  /** What its replies have in common, in their own words. */
  readonly sentence: string;
  readonly deliveries: number;
  readonly destinations: number;
  /** Arrival of the oldest delivery with this cause; milliseconds since 1970. */
  readonly oldest: number;
  /** The reply to the delivery that arrived last, cut as the index has it; absent: the sentence says all of it. */
  readonly example?: string;
}

/** The most causes that are counted: a server may send a new text each time. */
const mostCauses = 2000;

/** Replies of a cause that its sentence is made from: many more say nothing new. */
const mostCompared = 500;

interface Tally {
  readonly fingerprint: Fingerprint;
  readonly destinations: Set<string>;
  common: CommonWords;
  /** The reply that was counted last, and the one to the delivery that arrived last. */
  text: string;
  example: string;
  compared: number;
  deliveries: number;
  oldest: number;
  newest: number;
}

/** Counts causes. A delivery with several replies counts once for each. */
export class Causes {
  readonly #tallies = new Map<string, Tally>();
  #untold = 0;
  #others = 0;

  /** Deliveries that wait and have no reply yet. */
  get untold(): number {
    return this.#untold;
  }

  /** Deliveries with causes beyond the most that are counted. */
  get others(): number {
    return this.#others;
  }

  add({ summary, destination, arrival }: Pick<QueueEntry, 'summary' | 'destination' | 'arrival'>): void {
    if (summary.replies.length === 0) this.#untold += 1;
    // Two replies to one delivery may differ only in a number.
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
      const tally = known ?? begun(reply, fingerprint, arrival);
      this.#tallies.set(key, tally);
      tally.deliveries += 1;
      tally.destinations.add(destination);
      tally.oldest = Math.min(tally.oldest, arrival);
      if (arrival > tally.newest) [tally.newest, tally.example] = [arrival, exampleOf(reply)];
      // Most replies of a dead host are the same to the letter.
      if (reply.text === tally.text || tally.compared >= mostCompared) continue;
      tally.common = inCommon(tally.common, wordsToShow(reply));
      tally.compared += 1;
      tally.text = reply.text;
    }
  }

  /** The causes, the most frequent first. */
  get rows(): readonly Cause[] {
    return [...joined(this.#tallies)]
      .map(([key, { destinations, deliveries, oldest, example, common }]) => ({
        ...{ key, sentence: asSentence(common), deliveries, oldest },
        destinations: destinations.size,
        ...(common.isVaried ? { example } : {}),
      }))
      .toSorted((a, b) => b.deliveries - a.deliveries || (a.key < b.key ? -1 : 1));
  }
}

function begun(reply: SummaryReply, fingerprint: Fingerprint, arrival: number): Tally {
  return {
    ...{ fingerprint, destinations: new Set<string>(), common: wordsToShow(reply) },
    ...{ text: reply.text, example: exampleOf(reply), compared: 0, deliveries: 0, oldest: arrival, newest: arrival },
  };
}

function exampleOf({ dsn, text }: SummaryReply): string {
  return `${dsn} ${text}`;
}

/** Merges the tally of a cut reply into that of the whole reply, if only one reply continues it. */
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
    into.common = inCommon(into.common, tally.common);
    for (const destination of tally.destinations) into.destinations.add(destination);
    all.delete(key);
  }
  return all;
}

/** Returns a test whether an entry has a cause: one of its replies matches the key, whole or cut. */
export function isFor(key: string): (entry: Pick<QueueEntry, 'summary'>) => boolean {
  return ({ summary }) =>
    summary.replies.some((reply) => {
      const fingerprint = fingerprintOf(reply);
      const own = fingerprintKey(fingerprint);
      return own === key || (fingerprint.isCut && key.startsWith(`${own} `));
    });
}

/** Returns what is said of a cause: what the replies of these entries have in common; the cause's name where none is for it. */
export function sentenceOf(
  key: string,
  entries: Iterable<Pick<QueueEntry, 'summary' | 'destination' | 'arrival'>>,
): string {
  const causes = new Causes();
  for (const entry of entries) causes.add(entry);
  return causes.rows.find((cause) => cause.key === key)?.sentence ?? key;
}
