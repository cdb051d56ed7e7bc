/**
 * The part that all events share: the message, its delivery, and the recipients.
 */

import { hashOf } from '../../request/hash.ts';
import { doubtWords } from '../items/doubt.ts';
import type { EventFrame, EventKind, ReportedRecipient } from '../items/event.ts';
import type { DeliveryItem, LastVerdict, QueuedRecipient } from '../items/item.ts';
import { schemaVersion } from '../items/schema-version.ts';

/** What an event is made from, besides its recipients. */
export interface EventFacts {
  readonly item: DeliveryItem;
  /** Attempts made, this one included. */
  readonly attempt: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly reportingMta: string;
  readonly transport: string;
}

/** The recipients of an event, and its number among the events of its kind. */
export interface EventSubject {
  readonly eventId: string;
  readonly kind: EventKind;
  readonly recipients: readonly ReportedRecipient[];
  readonly part: number;
  readonly parts: number;
}

/** Upstream verdicts that the event contract includes. */
const checks = ['spf', 'dkim', 'dmarc', 'spam', 'virus'];

/** Returns the frame of an event. */
export function eventFrame(
  { eventId, kind, recipients, part, parts }: EventSubject,
  { item, attempt, transport }: EventFacts,
): EventFrame {
  const { smtputf8, dsn, authentication, sesMessageId } = item;
  const verdicts = Object.entries(authentication ?? {}).filter(([check]) => checks.includes(check));
  return {
    mail: {
      timestamp: new Date(item.arrival).toISOString(),
      source: item.sender,
      messageId: item.id,
      destination: item.recipients.map(({ address }) => address),
    },
    lmtp: {
      version: schemaVersion,
      eventId,
      kind,
      id: item.id,
      delivery: item.delivery,
      transport,
      destination: item.destination,
      attempt,
      deliveries: item.deliveries,
      part,
      parts,
      recipients,
      message: item.message,
      ...(smtputf8 === undefined ? {} : { smtputf8 }),
      ...(dsn === undefined ? {} : { dsn }),
      ...(verdicts.length === 0 ? {} : { authentication: Object.fromEntries(verdicts) }),
      ...(sesMessageId === undefined ? {} : { sesMessageId }),
    },
  };
}

/**
 * Returns the id of an event. Each repetition has the same id, so that consumers can drop duplicates. It includes the
 * attempt, because refusals at admission and the first attempt share a generation.
 */
export function eventIdOf({ item, attempt }: EventFacts, ...about: readonly unknown[]): string {
  return hashOf([item.id, item.delivery, item.generation, attempt, ...about]).slice(0, 32);
}

/** Returns what a report needs to know of a recipient. */
export function reportedRecipient(
  { address, original, orcpt, notify }: QueuedRecipient,
  { remoteMta, inDoubt }: Pick<LastVerdict, 'remoteMta' | 'inDoubt'>,
): ReportedRecipient {
  return {
    address,
    ...(original === undefined ? {} : { original }),
    ...(orcpt === undefined ? {} : { orcpt }),
    ...(notify === undefined ? {} : { notify }),
    ...(remoteMta === undefined ? {} : { remoteMta }),
    ...(inDoubt === undefined ? {} : { inDoubt }),
  };
}

/**
 * Returns the diagnostic code: a text and its source (RFC 3464 section 2.3.6). For a recipient in doubt the source is
 * the agent: the server's last reply alone would say that the message did not arrive.
 */
export function diagnosticCode({
  remoteMta,
  text,
  inDoubt,
}: Pick<LastVerdict, 'remoteMta' | 'text' | 'inDoubt'>): string {
  if (inDoubt === true) return `X-Postfix; ${doubtWords} (last: ${text})`;
  return `${remoteMta === undefined ? 'X-Postfix' : 'smtp'}; ${text}`;
}
