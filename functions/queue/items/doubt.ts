/**
 * Recipients in doubt: the content was sent, and the server did not confirm it.
 *
 * Doubt belongs to the recipient. It begins with an attempt that ended in doubt and ends when the recipient is sent. No
 * later deferral, refusal, expiry or removal proves that the message did not arrive. Each attempt in doubt may have
 * made a copy, so their number is limited (in_doubt_limit).
 */

import type { Parameters } from '../../parameters/parameters.ts';
import { type DeliveryItem, type Doubt, type Hold, openRecipients, type QueuedRecipient } from './item.ts';

/** Text for a recipient in doubt, in reports, events and commands. */
export const doubtWords = 'may have been delivered; the server did not confirm it';

/**
 * Id of the hold on a delivery whose remaining recipients are all at in_doubt_limit. It ends with the lifetime of the
 * message.
 */
export const inDoubtLimitHold = 'in-doubt-limit';

/**
 * Returns the attempts in doubt after which a recipient is not tried again. Infinite with in_doubt_limit=0, with
 * in_doubt_action=hold, which holds at the first doubt, and in Postfix's strict mode.
 */
export function inDoubtLimit({
  in_doubt_limit,
  in_doubt_action,
  strict_postfix_verdicts,
}: Pick<Parameters, 'in_doubt_limit' | 'in_doubt_action' | 'strict_postfix_verdicts'>): number {
  const isUnlimited = in_doubt_limit === 0 || in_doubt_action === 'hold' || strict_postfix_verdicts;
  return isUnlimited ? Number.POSITIVE_INFINITY : in_doubt_limit;
}

/** Whether a recipient may have the message although it is not known to be sent. */
export function isInDoubt({ last, doubt }: Pick<QueuedRecipient, 'last' | 'doubt'>): boolean {
  return last?.status !== 'sent' && (doubt !== undefined || last?.inDoubt === true);
}

/** Returns what is known of the doubt. An item of an earlier release has only the flag, which counts as one attempt. */
export function doubtOf({ last, doubt }: Pick<QueuedRecipient, 'last' | 'doubt'>): Doubt | undefined {
  if (doubt !== undefined || last?.inDoubt !== true) return doubt;
  return { attempts: 1, since: last.at, at: last.at };
}

/** Returns the doubt after one more attempt in doubt, which ended at `at`, milliseconds since 1970. */
export function addDoubt(recipient: QueuedRecipient, at: number): Doubt {
  const before = doubtOf(recipient);
  return { attempts: (before?.attempts ?? 0) + 1, since: before?.since ?? at, at };
}

/** Whether further attempts leave out the recipient. */
export function isAtLimit(recipient: QueuedRecipient, limit: number): boolean {
  return isInDoubt(recipient) && (doubtOf(recipient)?.attempts ?? 0) >= limit;
}

/** Returns the recipients of the next attempt: open, and not at the limit. */
export function recipientsToOffer(item: Pick<DeliveryItem, 'recipients'>, limit: number): readonly QueuedRecipient[] {
  return openRecipients(item).filter((recipient) => !isAtLimit(recipient, limit));
}

/** Returns the recipients with their count reset: they stay in doubt and are tried again. */
export function withoutCount(recipients: readonly QueuedRecipient[]): readonly QueuedRecipient[] {
  return recipients.map((recipient) => {
    const doubt = isInDoubt(recipient) ? doubtOf(recipient) : undefined;
    return doubt === undefined ? recipient : { ...recipient, doubt: { ...doubt, attempts: 0 } };
  });
}

/** Whether only the limit of doubt holds a delivery: it then expires, unlike other held mail. */
export function isHeldAtLimitAlone(holds: readonly Hold[] = []): boolean {
  return holds.length > 0 && holds.every(({ id }) => id === inDoubtLimitHold);
}

/** Returns the hold at the limit, until the end of the lifetime; times in milliseconds since 1970. */
export function limitHold(open: readonly QueuedRecipient[], since: number, until: number): Hold {
  const attempts = Math.max(...open.map((recipient) => doubtOf(recipient)?.attempts ?? 0));
  const reason = `${attempts === 1 ? '1 attempt' : `${attempts} attempts`} ended in doubt: it ${doubtWords}`;
  return { id: inDoubtLimitHold, reason, by: 'lmtp', since, until };
}
