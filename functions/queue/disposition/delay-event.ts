/**
 * Composes delay events: mail that is late (Postfix delay_warning_time). Pure; other modules publish them.
 */

import type { QueueTimes } from '../../time/backoff.ts';
import type { DelayEvent } from '../items/event.ts';
import type { LastVerdict, QueuedRecipient } from '../items/item.ts';
import { type DelayType, delayTypeOf } from './delay-type.ts';
import { diagnosticCode, type EventFacts, eventFrame, eventIdOf, reportedRecipient } from './event-frame.ts';
import { type Portion, portions } from './event-portions.ts';

/** A recipient and its verdict at the attempt when the warning is due. */
export interface DelayedRecipient {
  readonly recipient: QueuedRecipient;
  readonly verdict: Pick<LastVerdict, 'status' | 'dsn' | 'text' | 'remoteMta' | 'inDoubt'>;
}

/** Whether a deferred recipient asked for delay warnings, or did not choose (RFC 3461 section 4.1). */
export function wantsDelayEvent({ recipient, verdict }: DelayedRecipient): boolean {
  return verdict.status === 'deferred' && (recipient.notify === undefined || recipient.notify.includes('DELAY'));
}

/**
 * Returns one event for each kind of delay, or several if the recipients do not fit into one. Recipients that are not
 * deferred, or did not ask for it, are left out. Mail with the null sender gets no warning.
 *
 * The caller checks that the warning is due, and that each message gets only one.
 */
export function delayEvents(
  delayed: readonly DelayedRecipient[],
  facts: EventFacts,
  times: Pick<QueueTimes, 'maximal_queue_lifetime'>,
): readonly DelayEvent[] {
  if (facts.item.sender === '') return [];
  const expiration = facts.item.arrival + times.maximal_queue_lifetime;
  const cut = portions(delayed.filter(wantsDelayEvent), ({ verdict }) => delayTypeOf(verdict));
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
