/**
 * Composes success events: for recipients with NOTIFY=SUCCESS on a server without DSN, which leaves the report to the
 * client (RFC 3461 section 5.2). Pure; other modules publish them.
 */

import type { Parameters } from '../../parameters/parameters.ts';
import type { SuccessEvent } from '../items/event.ts';
import type { LastVerdict, QueuedRecipient } from '../items/item.ts';
import { type EventFacts, eventFrame, eventIdOf, reportedRecipient } from './event-frame.ts';
import { type Portion, portions } from './event-portions.ts';

/** A recipient with a verdict. */
export interface ServedRecipient {
  readonly recipient: QueuedRecipient;
  readonly verdict: Pick<LastVerdict, 'status' | 'dsn' | 'text' | 'relayed' | 'remoteMta'>;
}

/** Whether the report of success is left to the client. */
export function needsSuccessEvent({ recipient, verdict }: ServedRecipient): boolean {
  return verdict.status === 'sent' && verdict.relayed === true && recipient.notify?.includes('SUCCESS') === true;
}

/** Whether no further system relays the message (lmtp_flags X, lmtp_assume_final). */
export function isFinalDelivery({
  lmtp_flags,
  lmtp_assume_final,
}: Pick<Parameters, 'lmtp_flags' | 'lmtp_assume_final'>): boolean {
  return lmtp_flags.has('X') || lmtp_assume_final;
}

/**
 * Returns one event for all recipients that asked, or several if they do not fit into one. One event for each recipient
 * would not fit into an item, because each contains the whole frame.
 */
export function successEvents(
  served: readonly ServedRecipient[],
  facts: EventFacts,
  isFinal: boolean,
): readonly SuccessEvent[] {
  const cut = portions(served.filter(needsSuccessEvent), () => 'success');
  return cut.map((portion, part) => compose(portion, { part, parts: cut.length }, facts, isFinal));
}

function compose(
  { entries, number }: Portion<string, ServedRecipient>,
  place: { readonly part: number; readonly parts: number },
  facts: EventFacts,
  isFinal: boolean,
): SuccessEvent {
  const { item, now, reportingMta } = facts;
  const recipients = entries.map(({ recipient, verdict }) => ({
    ...reportedRecipient(recipient, verdict),
    status: verdict.dsn,
    text: verdict.text,
  }));
  return {
    notificationType: 'Delivery',
    delivery: {
      timestamp: new Date(now).toISOString(),
      processingTimeMillis: Math.max(0, now - item.arrival),
      recipients: recipients.map(({ address }) => address),
      smtpResponse: recipients[0]?.text ?? '',
      reportingMTA: `dns; ${reportingMta}`,
      action: isFinal ? 'delivered' : 'relayed',
    },
    ...eventFrame({ eventId: eventIdOf(facts, 'success', number), kind: 'success', recipients, ...place }, facts),
  };
}
