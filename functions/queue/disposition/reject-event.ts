/**
 * Composes reject events: mail that no server was offered, because of a verdict of Amazon SES. Pure; other modules
 * publish them.
 */

import type { RejectEvent } from '../items/event.ts';
import type { LastVerdict, QueuedRecipient } from '../items/item.ts';
import { type EventFacts, eventFrame, eventIdOf, reportedRecipient } from './event-frame.ts';
import { type Portion, portions } from './event-portions.ts';

/** A recipient whose mail was discarded or dropped. */
export interface RejectedRecipient {
  readonly recipient: QueuedRecipient;
  readonly verdict: Pick<LastVerdict, 'dsn' | 'text'>;
}

/** Returns one event, or several if the recipients do not fit into one. */
export function rejectEvents(rejected: readonly RejectedRecipient[], facts: EventFacts): readonly RejectEvent[] {
  const cut = portions(rejected, () => 'reject');
  return cut.map((portion, part) => compose(portion, { part, parts: cut.length }, facts));
}

function compose(
  { entries, number }: Portion<string, RejectedRecipient>,
  place: { readonly part: number; readonly parts: number },
  facts: EventFacts,
): RejectEvent {
  const eventId = eventIdOf(facts, 'reject', number);
  const recipients = entries.map(({ recipient, verdict: { dsn, text } }) => ({
    ...reportedRecipient(recipient, {}),
    status: dsn,
    text,
  }));
  return {
    eventType: 'Reject',
    reject: {
      reason: 'Bad content',
      timestamp: new Date(facts.now).toISOString(),
      reportingMTA: `dns; ${facts.reportingMta}`,
    },
    ...eventFrame({ eventId, kind: 'reject', recipients, ...place }, facts),
  };
}
