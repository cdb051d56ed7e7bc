/**
 * Composes bounce events. Pure; other modules publish them.
 */

import type { BouncedRecipient, BounceEvent } from '../items/event.ts';
import type { LastVerdict, QueuedRecipient } from '../items/item.ts';
import { type BounceType, bounceTypeOf } from './bounce-type.ts';
import { diagnosticCode, type EventFacts, eventFrame, eventIdOf, reportedRecipient } from './event-frame.ts';
import { type Portion, portions } from './event-portions.ts';

/** A recipient that bounced or expired. */
export interface FailedRecipient {
  readonly recipient: QueuedRecipient;
  readonly verdict: Pick<LastVerdict, 'status' | 'dsn' | 'text' | 'remoteMta' | 'inDoubt'>;
}

/** Returns one event for each kind of failure, or several if the recipients do not fit into one. */
export function bounceEvents(failed: readonly FailedRecipient[], facts: EventFacts): readonly BounceEvent[] {
  const cut = portions(failed, ({ verdict }) => bounceTypeOf(verdict));
  return cut.map((portion, part) => compose(portion, { part, parts: cut.length }, facts));
}

function compose(
  { type, entries, number }: Portion<BounceType, FailedRecipient>,
  place: { readonly part: number; readonly parts: number },
  facts: EventFacts,
): BounceEvent {
  const eventId = eventIdOf(facts, 'bounce', type, number);
  const recipients = entries.map(({ recipient, verdict }) => reportedRecipient(recipient, verdict));
  return {
    notificationType: 'Bounce',
    bounce: {
      ...type,
      bouncedRecipients: entries.map(bouncedRecipient),
      timestamp: new Date(facts.now).toISOString(),
      feedbackId: eventId,
      reportingMTA: `dns; ${facts.reportingMta}`,
    },
    ...eventFrame({ eventId, kind: 'bounce', recipients, ...place }, facts),
  };
}

function bouncedRecipient({ recipient, verdict }: FailedRecipient): BouncedRecipient {
  return {
    emailAddress: recipient.address,
    action: 'failed',
    status: verdict.dsn,
    diagnosticCode: diagnosticCode(verdict),
  };
}
