/** Events of deliveries, for tests of reports. */
import { bounceEvents } from '../../functions/queue/disposition/bounce-event.ts';
import { delayEvents } from '../../functions/queue/disposition/delay-event.ts';
import { successEvents } from '../../functions/queue/disposition/success-event.ts';
import type { ReportableEvent } from '../../functions/queue/items/event.ts';
import type { DeliveryItem, LastVerdict, QueuedRecipient } from '../../functions/queue/items/item.ts';
import { makeItem } from './delivery-item.ts';

/** The verdict on a recipient; the rest is filled in. */
export type Said = Partial<Pick<LastVerdict, 'status' | 'dsn' | 'text' | 'remoteMta' | 'inDoubt'>>;

/** A delivery's item, and the facts about its recipients. */
export interface DeliveryFacts {
  readonly item?: Partial<DeliveryItem>;
  readonly recipients?: readonly (string | Omit<QueuedRecipient, 'n'>)[];
  readonly said?: Said;
  readonly attempt?: number;
}

const facts = { now: Date.UTC(2026, 10, 22, 9), reportingMta: 'mail.example.org', transport: 'lmtp' };
const unknownUser = {
  status: 'bounced',
  dsn: '5.1.1',
  text: 'host store.example[10.0.0.7] said: 550 5.1.1 No such user (in reply to RCPT TO command)',
  remoteMta: 'store.example',
} as const;
const outOfReach = {
  status: 'deferred',
  dsn: '4.4.1',
  text: 'connect to store.example[10.0.0.7]:24: timed out',
} as const;
const saved = {
  status: 'sent',
  dsn: '2.0.0',
  text: '250 2.0.0 Saved',
  remoteMta: 'store.example',
  relayed: true,
} as const;

/** Events of expired recipients. */
export function bounced(given: DeliveryFacts = {}): readonly ReportableEvent[] {
  const { item, attempt } = itemOf(given);
  return bounceEvents(
    item.recipients.map((recipient) => ({ recipient, verdict: { ...unknownUser, ...given.said } })),
    { ...facts, item, attempt },
  );
}

/** Events of recipients whose mail is delayed. */
export function delayed(given: DeliveryFacts = {}): readonly ReportableEvent[] {
  const { item, attempt } = itemOf(given);
  return delayEvents(
    item.recipients.map((recipient) => ({ recipient, verdict: { ...outOfReach, ...given.said } })),
    { ...facts, item, attempt },
    { maximal_queue_lifetime: 5 * 86_400_000 },
  );
}

/** Events of recipients with NOTIFY=SUCCESS. */
export function served(given: DeliveryFacts = {}): readonly ReportableEvent[] {
  const { item, attempt } = itemOf({
    ...given,
    recipients: (given.recipients ?? ['bob@example.com']).map((each) => ({
      notify: ['SUCCESS'],
      ...(typeof each === 'string' ? { address: each } : each),
    })),
  });
  return successEvents(
    item.recipients.map((recipient) => ({ recipient, verdict: { ...saved, ...given.said } })),
    { ...facts, item, attempt },
    false,
  );
}

/** The only event. */
export function only(events: readonly ReportableEvent[]): ReportableEvent {
  const [event, ...others] = events;
  if (event === undefined || others.length > 0) throw new Error(`${events.length} events`);
  return event;
}

function itemOf({ item = {}, recipients = ['bob@example.com'], attempt = 1 }: DeliveryFacts) {
  const queued = recipients.map((each, n) => ({ n, ...(typeof each === 'string' ? { address: each } : each) }));
  return { item: makeItem({ id: '4bXq1', recipients: queued, arrival: Date.UTC(2026, 10, 22, 8), ...item }), attempt };
}
