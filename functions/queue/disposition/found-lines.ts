/**
 * Reconstructs from the item the log lines of an attempt whose worker may have crashed before it wrote them. Pure.
 */

import { type DeliveryLine, deliveryLine, type LineFormat } from '../../log/delivery-line.ts';
import type { DeliveryItem, LastVerdict, QueuedRecipient } from '../items/item.ts';

/** Settled attempts whose generation the item keeps. */
const keptGenerations = 3;

/**
 * Returns `settled` with one more attempt (item.ts). `generation` 0: no message of active belongs to the attempt,
 * because its lines are in the log already or the sweep counted it.
 */
export function appendGeneration(
  { settled = [] }: Pick<DeliveryItem, 'settled'>,
  generation: number,
): readonly number[] {
  return [...settled, generation].slice(-keptGenerations);
}

/** How the lines are written. */
export interface FoundFormat extends LineFormat {
  /** Attempts in doubt after which a recipient is not tried again; infinite: no limit. */
  readonly inDoubtLimit: number;
}

/** Returns the attempt that was settled in a generation; undefined if none was, or too long ago. */
export function attemptOf({ attempt, settled = [] }: DeliveryItem, generation: number): number | undefined {
  const index = settled.lastIndexOf(generation);
  return index === -1 ? undefined : attempt - (settled.length - 1 - index);
}

/** Returns the lines of a settled attempt: one for each recipient with a verdict then, two for one that expired. */
export function foundLines(item: DeliveryItem, attempt: number, format: FoundFormat): readonly DeliveryLine[] {
  return item.recipients.flatMap((recipient) => {
    const { last } = recipient;
    if (last === undefined || last.attempt < attempt) return [];
    if (last.attempt > attempt || last.by !== undefined) return replacedLine(item, recipient, attempt, format);
    return verdictLines(item, { ...recipient, last }, format);
  });
}

/** Returns the lines of a recipient's last verdict. */
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
  // A recipient at in_doubt_limit took no part in the attempt. Any other expired recipient was deferred first, which
  // has its own line.
  if (isDoubtKnown && doubt.attempts >= format.inDoubtLimit) return [expired];
  return [line(item, recipient, { ...last, status: 'deferred' }, { isDoubtKnown, ...format }), expired];
}

/** A later attempt or an operator replaced the verdict, so it was a deferral. */
function replacedLine(
  item: DeliveryItem,
  recipient: QueuedRecipient,
  attempt: number,
  format: FoundFormat,
): readonly DeliveryLine[] {
  const text = 'deferred; the reason is unknown, because the worker crashed before it wrote this line';
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
    // The delivery may have been activated again since.
    activated: Math.min(activated, at),
    begun: at,
    attempt,
    isDoubtKnown,
  };
  return { ...deliveryLine(facts, format), found: true };
}
