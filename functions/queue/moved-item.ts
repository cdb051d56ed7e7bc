/**
 * What a transition makes of an item.
 */

import type { DeliveryItem } from './item.ts';
import type { Changes } from './ports.ts';
import { type Transition, type TransitionName, targetOf, transitions } from './states.ts';

/** The item as a transition leaves it, but for its mark. */
export function afterMove(name: TransitionName, seen: DeliveryItem, changes: Changes): DeliveryItem {
  const transition: Transition = transitions[name];
  const { pending, ...attributes } = changes;
  const item: Record<string, unknown> = { ...seen };
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) item[name] = value;
  item['state'] = targetOf(transition, seen.state);
  if (transition.raises === true) item['generation'] = seen.generation + 1;
  item['pending'] = { ...seen.pending, ...pending };
  return withoutNulls(item) as unknown as DeliveryItem;
}

function withoutNulls(item: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const rest: Record<string, unknown> = {};
  // Every move of every delivery comes by here.
  for (const name in item) if (item[name] !== null) rest[name] = item[name];
  return rest;
}
