/**
 * Success events: for recipients who asked for NOTIFY=SUCCESS, where the server lacks DSN and so leaves it to us
 * (RFC 3461 section 5.2). Composed purely, published by others.
 */

import type { Parameters } from '../parameters.ts';
import type { SuccessEvent } from '../queue/event.ts';
import { hashOf } from '../queue/hash.ts';
import type { LastVerdict, QueuedRecipient } from '../queue/item.ts';
import { type EventFacts, eventFrame } from './event-frame.ts';

/** A recipient who was delivered to. */
export interface ServedRecipient {
  readonly recipient: QueuedRecipient;
  readonly verdict: Pick<LastVerdict, 'status' | 'text' | 'relayed'>;
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

/** One event for each recipient, since each has its own reply. */
export function successEvents(
  served: readonly ServedRecipient[],
  facts: EventFacts,
  isFinal: boolean,
): readonly SuccessEvent[] {
  const { item, attempt, now, reportingMta } = facts;
  return served.filter(owesSuccess).map(({ recipient, verdict }) => {
    const eventId = hashOf([item.id, item.delivery, item.generation, attempt, 'success', recipient.n]).slice(0, 32);
    return {
      notificationType: 'Delivery',
      delivery: {
        timestamp: new Date(now).toISOString(),
        processingTimeMillis: Math.max(0, now - item.arrival),
        recipients: [recipient.address],
        smtpResponse: verdict.text,
        reportingMTA: `dns; ${reportingMta}`,
        action: isFinal ? 'delivered' : 'relayed',
      },
      ...eventFrame(eventId, facts),
    };
  });
}
