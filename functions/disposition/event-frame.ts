/**
 * What all events say: which mail, and what we know of it.
 */

import type { EventFrame } from '../queue/event.ts';
import type { DeliveryItem } from '../queue/item.ts';

/** What an event needs beside its recipients. */
export interface EventFacts {
  readonly item: DeliveryItem;
  /** Attempts made, this one included. */
  readonly attempt: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly reportingMta: string;
  readonly transport: string;
}

/** The frame of an event. */
export function eventFrame(eventId: string, { item, attempt, transport }: EventFacts): EventFrame {
  const { bucket, key, versionId } = item.message;
  return {
    mail: {
      timestamp: new Date(item.arrival).toISOString(),
      source: item.sender,
      messageId: item.id,
      destination: item.recipients.map(({ address }) => address),
    },
    lmtp: {
      eventId,
      id: item.id,
      delivery: item.delivery,
      transport,
      destination: item.destination,
      attempt,
      message: versionId === undefined ? { bucket, key } : { bucket, key, versionId },
    },
  };
}
