/**
 * What a transition makes of an item.
 */

import type { DeliveryItem } from './item.ts';
import type { Changes } from './ports.ts';
import { type Transition, type TransitionName, targetOf, transitions } from './states.ts';

/** The item as a transition leaves it, but for its mark. */
export function afterMove(name: TransitionName, seen: DeliveryItem, changes: Changes): DeliveryItem {
  const transition: Transition = transitions[name];
  const { pending = {}, ...attributes } = changes;
  const changed = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const item = {
    ...seen,
    ...Object.fromEntries(changed),
    state: targetOf(transition, seen.state),
    generation: transition.raises === true ? seen.generation + 1 : seen.generation,
    pending: { ...seen.pending, ...pending },
  };
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null)) as unknown as DeliveryItem;
}
