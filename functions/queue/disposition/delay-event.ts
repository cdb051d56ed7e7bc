/**
 * Delay events: mail that is late (Postfix delay_warning_time). Composed purely, published by others.
 */

import type { QueueTimes } from '../../time/backoff.ts';
import type { DelayEvent } from '../items/event.ts';
import type { LastVerdict, QueuedRecipient } from '../items/item.ts';
import { type DelayType, delayTypeOf } from './delay-type.ts';
import { diagnosticCode, type EventFacts, eventFrame, eventIdOf, reportedRecipient } from './event-frame.ts';
import { type Portion, portions } from './event-portions.ts';

/** A recipient and what was concluded about him in the attempt at or past the time of the warning. */
export interface DelayedRecipient {
  readonly recipient: QueuedRecipient;
  readonly verdict: Pick<LastVerdict, 'status' | 'dsn' | 'text' | 'remoteMta' | 'inDoubt'>;
}

/** Whether somebody is to hear that this recipient must wait: he said nothing, or asked for it (RFC 3461 section 4.1). */
export function owesDelay({ recipient, verdict }: DelayedRecipient): boolean {
  return verdict.status === 'deferred' && (recipient.notify === undefined || recipient.notify.includes('DELAY'));
}

/**
 * One event for each kind of delay, or several where their recipients are too many for one. Whoever is not deferred, or did
 * not want to hear of it, is left out; mail with the null sender is never warned about.
 *
 * Whether it is time, and that a message is warned about once only, is for the caller to know.
 */
export function delayEvents(
  delayed: readonly DelayedRecipient[],
  facts: EventFacts,
  times: Pick<QueueTimes, 'maximal_queue_lifetime'>,
): readonly DelayEvent[] {
  if (facts.item.sender === '') return [];
  const expiration = facts.item.arrival + times.maximal_queue_lifetime;
  const cut = portions(delayed.filter(owesDelay), ({ verdict }) => delayTypeOf(verdict));
  return cut.map((portion, part) => compose(portion, { part, parts: cut.length }, facts, expiration));
}

function compose(
  { type, entries, number }: Portion<DelayType, DelayedRecipient>,
  place: { readonly part: number; readonly parts: number },
  facts: EventFacts,
  expiration: number,
): DelayEvent {
  const eventId = eventIdOf(facts, 'delay', type, number);
  const recipients = entries.map(({ recipient, verdict }) => reportedRecipient(recipient, verdict));
  return {
    eventType: 'DeliveryDelay',
    deliveryDelay: {
      delayType: type,
      delayedRecipients: entries.map(({ recipient, verdict }) => ({
        emailAddress: recipient.address,
        status: verdict.dsn,
        diagnosticCode: diagnosticCode(verdict),
      })),
      expirationTime: new Date(expiration).toISOString(),
      timestamp: new Date(facts.now).toISOString(),
      reportingMTA: `dns; ${facts.reportingMta}`,
    },
    ...eventFrame({ eventId, kind: 'delay', recipients, ...place }, facts),
  };
}
