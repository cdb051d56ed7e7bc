/**
 * A flush of messages, of a destination, or of the whole queue. Suspensions are cleared first, since mail for a suspended
 * destination would only be deferred again. The command and the screen's button both call this.
 */

import { noFlushWhileHeld } from './consequences.ts';
import { reopenDestinations } from './destinations.ts';
import { flushMessages, holdsOf } from './messages.ts';
import type { Change, Changing } from './operator.ts';
import type { Selection } from './selection.ts';

/** What to flush. */
export interface FlushSpec {
  readonly selection: Selection;
  /** Whose suspensions are cleared: those of one destination, or all. */
  readonly reopens: 'none' | 'all' | { readonly destination: string };
  /** Milliseconds over which the deliveries are spread. */
  readonly ramp: number;
}

/** Flushes, and yields the answers. For a held destination the only answer is a refusal. */
export async function* flush({ selection, reopens, ramp }: FlushSpec, changing: Changing): AsyncIterable<Change> {
  if (reopens !== 'none') {
    const name = reopens === 'all' ? undefined : reopens.destination;
    const holds = name === undefined ? [] : await holdsOf(name, changing.services);
    if (name !== undefined && holds.length > 0) {
      yield { id: name, ...noFlushWhileHeld(name, holds, true) };
      return;
    }
    yield* reopenDestinations(name, changing);
  }
  const reported = new Set<string>();
  for await (const change of flushMessages(selection, ramp, changing)) {
    const { stoppedBy } = change;
    if (selection.kind === 'ids' || stoppedBy === undefined) yield change;
    // One line for each held destination, however much mail waits for it.
    else if (!reported.has(stoppedBy)) {
      reported.add(stoppedBy);
      const answer = noFlushWhileHeld(stoppedBy, await holdsOf(stoppedBy, changing.services), true);
      yield { ...answer, kind: 'passed over', id: stoppedBy };
    }
  }
}
