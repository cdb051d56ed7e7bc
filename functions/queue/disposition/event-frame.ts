/**
 * What all events say: which mail, what we know of it, and whom the event is about.
 */

import { hashOf } from '../../request/hash.ts';
import { doubtWords } from '../items/doubt.ts';
import type { EventFrame, EventKind, ReportedRecipient } from '../items/event.ts';
import type { DeliveryItem, LastVerdict, QueuedRecipient } from '../items/item.ts';
import { schemaVersion } from '../items/schema-version.ts';

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

/** Whom an event is about, and its place among those of its kind. */
export interface EventSubject {
  readonly eventId: string;
  readonly kind: EventKind;
  readonly recipients: readonly ReportedRecipient[];
  readonly part: number;
  readonly parts: number;
}

/** Verdicts of upstream checks that go into events: those that the contract names. */
const checks = ['spf', 'dkim', 'dmarc'];

/** The frame of an event. */
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
 * The id of an event: the same wherever and however often it is made, so that a consumer can drop the second copy. Refusals
 * at the door and those of the first attempt share a generation, so the attempt counts too.
 */
export function eventIdOf({ item, attempt }: EventFacts, ...about: readonly unknown[]): string {
  return hashOf([item.id, item.delivery, item.generation, attempt, ...about]).slice(0, 32);
}

/** What a report needs to know of a recipient. */
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
 * The words of a verdict, and whose they are (RFC 3464 section 2.3.6). Of a recipient in doubt they are ours: what the server said
 * last, alone, would say that the message did not arrive.
 */
export function diagnosticCode({
  remoteMta,
  text,
  inDoubt,
}: Pick<LastVerdict, 'remoteMta' | 'text' | 'inDoubt'>): string {
  if (inDoubt === true) return `X-Postfix; ${doubtWords} (last: ${text})`;
  return `${remoteMta === undefined ? 'X-Postfix' : 'smtp'}; ${text}`;
}
