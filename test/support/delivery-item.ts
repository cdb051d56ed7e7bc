/** Items of the queue table, with default values for everything that a test does not set. */
import type { QueueEvent } from '../../functions/queue/items/event.ts';
import type { DeliveryItem, LastVerdict, QueuedRecipient } from '../../functions/queue/items/item.ts';

/** Makes an item: one recipient, in active, generation 1. Each has its own queue id. */
export function makeItem(given: Partial<DeliveryItem> = {}): DeliveryItem {
  const id = given.id ?? `id-${crypto.randomUUID()}`;
  return {
    version: 1,
    id,
    delivery: '0000',
    state: 'active',
    generation: 1,
    by: crypto.randomUUID(),
    due: 2_000_000,
    requestHash: 'request',
    planHash: 'plan',
    deliveries: 1,
    arrival: 1_000_000,
    activated: 1_000_000,
    sender: 'alice@example.org',
    recipients: makeRecipients('bob@example.com'),
    message: { bucket: 'messages', key: `in/${id}.eml`, etag: '"e"', size: 40 },
    destination: 'inet:[127.0.0.1]:24',
    group: 'group#0',
    attempt: 0,
    pending: {},
    ...given,
  };
}

/** Recipients without a reply so far. */
export function makeRecipients(...addresses: readonly string[]): readonly QueuedRecipient[] {
  return addresses.map((address, n) => ({ address, n }));
}

/** The last verdict of a finished recipient. */
export function makeVerdict(status: LastVerdict['status'], attempt = 1): LastVerdict {
  const dsn = { sent: '2.0.0', deferred: '4.2.2', bounced: '5.1.1', expired: '4.2.2', removed: '5.3.0' } as const;
  return { status, dsn: dsn[status], text: 'said the server', at: 1_500_000, attempt };
}

/** A bounce event with the given id. */
export function makeEvent(eventId: string): QueueEvent {
  return {
    notificationType: 'Bounce',
    bounce: {
      bounceType: 'Permanent',
      bounceSubType: 'General',
      bouncedRecipients: [
        {
          emailAddress: 'bob@example.com',
          action: 'failed',
          status: '5.1.1',
          diagnosticCode: 'smtp; 550 5.1.1 no such user',
        },
      ],
      timestamp: '2026-11-22T08:00:00.000Z',
      feedbackId: eventId,
      reportingMTA: 'dns; mail.example.org',
    },
    mail: {
      timestamp: '2026-11-22T07:59:00.000Z',
      source: 'alice@example.org',
      messageId: '4bXq1',
      destination: ['bob@example.com'],
    },
    lmtp: {
      eventId,
      kind: 'bounce',
      id: '4bXq1',
      delivery: '0000',
      transport: 'lmtp',
      destination: 'inet:[127.0.0.1]:24',
      attempt: 1,
      deliveries: 1,
      part: 0,
      parts: 1,
      recipients: [{ address: 'bob@example.com', remoteMta: 'store.example' }],
      message: { bucket: 'messages', key: 'in/4bXq1.eml', etag: '"e"', size: 40 },
    },
  };
}
