/**
 * The effect of a transition on an item.
 */

import type { DeliveryItem } from './item.ts';
import type { Changes, ChangingAttribute } from './ports.ts';
import { type Transition, type TransitionName, targetOf, transitions } from './states.ts';

type Changing = { -readonly [Name in keyof DeliveryItem]: DeliveryItem[Name] };

/** Returns the item after a transition, except for its mark. */
export function afterMove(name: TransitionName, seen: DeliveryItem, changes: Changes): DeliveryItem {
  const transition: Transition = transitions[name];
  const item: Changing = { ...seen };
  // This loop runs for every move of every delivery, so it makes no copies.
  for (const attribute in changes) if (isChanging(attribute)) change(item, attribute, changes[attribute]);
  item.state = targetOf(transition, seen.state);
  if (transition.raises === true) item.generation = seen.generation + 1;
  item.pending = { ...seen.pending, ...changes.pending };
  return item;
}

function change<Name extends ChangingAttribute>(
  item: Changing,
  name: Name,
  value: DeliveryItem[Name] | null | undefined,
): void {
  if (value === null) delete item[name];
  else if (value !== undefined) item[name] = value;
}

const changing: Readonly<Record<ChangingAttribute, true>> = {
  due: true,
  activated: true,
  recipients: true,
  attempt: true,
  settled: true,
  claim: true,
  reason: true,
  group: true,
  unpublished: true,
  holds: true,
  removal: true,
  warned: true,
  body: true,
  deadLetters: true,
  history: true,
  message: true,
  sender: true,
  destination: true,
  mailbox: true,
};

function isChanging(attribute: string): attribute is ChangingAttribute {
  return attribute in changing;
}
