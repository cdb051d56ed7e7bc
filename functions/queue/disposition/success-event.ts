/**
 * Success events: for recipients who asked for NOTIFY=SUCCESS, where the server lacks DSN and so leaves it to us
 * (RFC 3461 section 5.2). Composed purely, published by others.
 */

import type { Parameters } from '../../parameters/parameters.ts';
import type { SuccessEvent } from '../items/event.ts';
import type { LastVerdict, QueuedRecipient } from '../items/item.ts';
import { type EventFacts, eventFrame, eventIdOf, reportedRecipient } from './event-frame.ts';
import { type Portion, portions } from './event-portions.ts';

/** A recipient who was delivered to. */
export interface ServedRecipient {
  readonly recipient: QueuedRecipient;
  readonly verdict: Pick<LastVerdict, 'status' | 'dsn' | 'text' | 'relayed' | 'remoteMta'>;
}

/** Whether success has to be told by us. */
export function owesSuccess({ recipient, verdict }: ServedRecipient): boolean {
  return verdict.status === 'sent' && verdict.relayed === true && recipient.notify?.includes('SUCCESS') === true;
}

/** Whether nobody relays the message any further (lmtp_flags X, lmtp_assume_final). */
export function isFinalDelivery({
  lmtp_flags,
  lmtp_assume_final,
}: Pick<Parameters, 'lmtp_flags' | 'lmtp_assume_final'>): boolean {
  return lmtp_flags.has('X') || lmtp_assume_final;
}

/**
 * One event for all who asked, or several where they are too many for one. (One for each recipient would not fit into an
 * item of the queue table, where each carries the whole frame.)
 */
export function successEvents(
  served: readonly ServedRecipient[],
  facts: EventFacts,
  isFinal: boolean,
): readonly SuccessEvent[] {
  const cut = portions(served.filter(owesSuccess), () => 'success');
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
