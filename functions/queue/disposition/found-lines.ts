/**
 * The lines of an attempt whose worker may have died before it wrote them, as far as the item still knows what they said. Pure.
 */

import { type DeliveryLine, deliveryLine, type LineFormat } from '../../log/delivery-line.ts';
import type { DeliveryItem, LastVerdict, QueuedRecipient } from '../items/item.ts';

/** Attempts of which the item knows in which generation they were settled. */
const settledLength = 3;

/**
 * What `settled` of an item becomes with one more attempt (item.ts). `generation` 0: no message of active tells of it, since its
 * lines are in the log already, or the sweep counted it.
 */
export function noteSettled({ settled = [] }: Pick<DeliveryItem, 'settled'>, generation: number): readonly number[] {
  return [...settled, generation].slice(-settledLength);
}

/** How the lines are written, and what else they depend on. */
export interface FoundFormat extends LineFormat {
  /** Attempts in doubt after which a recipient is not tried again; infinite: there is no limit. */
  readonly inDoubtLimit: number;
}

/** The attempt that was settled in a generation; undefined where none was, or that is too long ago. */
export function attemptOf({ attempt, settled = [] }: DeliveryItem, generation: number): number | undefined {
  const index = settled.lastIndexOf(generation);
  return index === -1 ? undefined : attempt - (settled.length - 1 - index);
}

/** The lines of an attempt that was settled, one for each recipient that had a verdict then; two for one that expired. */
export function foundLines(item: DeliveryItem, attempt: number, format: FoundFormat): readonly DeliveryLine[] {
  return item.recipients.flatMap((recipient) => {
    const { last } = recipient;
    if (last === undefined || last.attempt < attempt) return [];
    if (last.attempt > attempt || last.by !== undefined) return forgottenLine(item, recipient, attempt, format);
    return verdictLines(item, { ...recipient, last }, format);
  });
}

/** The lines of what an item says of a recipient. */
export function verdictLines(
  item: DeliveryItem,
  recipient: QueuedRecipient & { readonly last: LastVerdict },
  format: FoundFormat,
): readonly DeliveryLine[] {
  const { last, doubt } = recipient;
  const { status } = last;
  if (status === 'removed') return [];
  const isDoubtKnown = doubt !== undefined && doubt.at < last.at;
  if (status !== 'expired') return [line(item, recipient, { ...last, status }, { isDoubtKnown, ...format })];
  const expired = line(item, recipient, { ...last, status }, { isDoubtKnown: true, ...format });
  // A recipient at in_doubt_limit took no part in the attempt. Any other that is given up was deferred by it, and has a line of that.
  if (isDoubtKnown && doubt.attempts >= format.inDoubtLimit) return [expired];
  return [line(item, recipient, { ...last, status: 'deferred' }, { isDoubtKnown, ...format }), expired];
}

/** A later attempt, or a person, has replaced the verdict: so it was a deferral. */
function forgottenLine(
  item: DeliveryItem,
  recipient: QueuedRecipient,
  attempt: number,
  format: FoundFormat,
): readonly DeliveryLine[] {
  const text = 'deferred; the reason is not known any more, since the worker died before it wrote this line';
  const at = Math.max(item.arrival, Math.min(item.activated, recipient.last?.at ?? item.activated));
  return [
    line(item, recipient, { status: 'deferred', dsn: '4.0.0', text, at, attempt }, { isDoubtKnown: false, ...format }),
  ];
}

function line(
  { id, arrival, activated }: DeliveryItem,
  recipient: QueuedRecipient,
  { at, attempt, ...verdict }: LastVerdict & { readonly status: DeliveryLine['status'] },
  { isDoubtKnown, ...format }: LineFormat & { readonly isDoubtKnown: boolean },
): DeliveryLine {
  const facts = {
    id,
    recipient,
    verdict: { ...verdict, setUp: 0, transfer: 0 },
    arrival,
    // It may have been put into active again since.
    activated: Math.min(activated, at),
    begun: at,
    attempt,
    isDoubtKnown,
  };
  return { ...deliveryLine(facts, format), found: true };
}
