/**
 * A flush of a destination, or of everything: suspensions are cleared first, since mail for a suspended destination would only
 * be deferred again. The command and the screen's button call it.
 */

import { noFlushWhileHeld } from './consequences.ts';
import { reopenDestinations } from './destinations.ts';
import { flushMessages, holdsOf } from './messages.ts';
import type { Change, Changing } from './operator.ts';
import type { Selection } from './selection.ts';

/** What is flushed. */
export interface FlushWish {
  readonly selection: Selection;
  /** Whose suspensions are cleared: the destination that is meant as a whole, or all. */
  readonly reopens: 'none' | 'all' | { readonly destination: string };
  /** Milliseconds over which the deliveries are spread. */
  readonly ramp: number;
}

/** Flushes. A destination that is held stays as it is: the one answer says so. */
export async function* flush({ selection, reopens, ramp }: FlushWish, changing: Changing): AsyncIterable<Change> {
  if (reopens !== 'none') {
    const name = reopens === 'all' ? undefined : reopens.destination;
    const holds = name === undefined ? [] : await holdsOf(name, changing.services);
    if (name !== undefined && holds.length > 0) {
      yield { id: name, ...noFlushWhileHeld(name, holds, true) };
      return;
    }
    yield* reopenDestinations(name, changing);
  }
  const told = new Set<string>();
  for await (const change of flushMessages(selection, ramp, changing)) {
    const { stoppedBy } = change;
    if (selection.kind === 'ids' || stoppedBy === undefined) yield change;
    // One line for each destination that is held, however much waits for it.
    else if (!told.has(stoppedBy)) {
      told.add(stoppedBy);
      const answer = noFlushWhileHeld(stoppedBy, await holdsOf(stoppedBy, changing.services), true);
      yield { ...answer, kind: 'passed over', id: stoppedBy };
    }
  }
}
