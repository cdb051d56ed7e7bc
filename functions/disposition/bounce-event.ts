/**
 * Bounce events: composed purely, published by others.
 */

import type { BouncedRecipient, BounceEvent } from '../queue/event.ts';
import { hashOf } from '../queue/hash.ts';
import type { LastVerdict, QueuedRecipient } from '../queue/item.ts';
import { type EventFacts, eventFrame } from './event-frame.ts';

/** A recipient that was given up on. */
export interface FailedRecipient {
  readonly recipient: QueuedRecipient;
  readonly verdict: Pick<LastVerdict, 'status' | 'dsn' | 'text' | 'remoteMta'>;
}

/** Octets of one event: SNS takes 256 KiB, its own envelope not counted. */
const eventOctets = 200_000;

type BounceType = Pick<BounceEvent['bounce'], 'bounceType' | 'bounceSubType'>;

/** One event for each kind of failure, or several where their recipients are too many for one. */
export function bounceEvents(failed: readonly FailedRecipient[], facts: EventFacts): readonly BounceEvent[] {
  const byType = new Map<string, { readonly type: BounceType; readonly failed: FailedRecipient[] }>();
  for (const failure of failed) {
    const type = classify(failure.verdict);
    const name = `${type.bounceType}/${type.bounceSubType}`;
    const group = byType.get(name) ?? { type, failed: [] };
    byType.set(name, group);
    group.failed.push(failure);
  }
  return [...byType.values()].flatMap((group) =>
    portions(group.failed.map(bouncedRecipient)).map((portion, part) => compose(group.type, portion, part, facts)),
  );
}

function compose(
  type: BounceType,
  bouncedRecipients: readonly BouncedRecipient[],
  part: number,
  facts: EventFacts,
): BounceEvent {
  const { item, attempt, now, reportingMta } = facts;
  // The same wherever and however often it is made: a consumer can drop the second copy. Refusals at the door and those of
  // the first attempt share a generation, so the attempt counts too.
  const eventId = hashOf([item.id, item.delivery, item.generation, attempt, 'bounce', type, part]).slice(0, 32);
  return {
    notificationType: 'Bounce',
    bounce: {
      ...type,
      bouncedRecipients,
      timestamp: new Date(now).toISOString(),
      feedbackId: eventId,
      reportingMTA: `dns; ${reportingMta}`,
    },
    ...eventFrame(eventId, facts),
  };
}

function bouncedRecipient({ recipient, verdict }: FailedRecipient): BouncedRecipient {
  return {
    emailAddress: recipient.address,
    action: 'failed',
    status: verdict.dsn,
    diagnosticCode: `${verdict.remoteMta === undefined ? 'X-Postfix' : 'smtp'}; ${verdict.text}`,
  };
}

/** SES's types by the enhanced status: what lasted too long is Transient, whatever was refused for good is Permanent. */
function classify({ status, dsn }: FailedRecipient['verdict']): BounceType {
  if (status === 'expired') return { bounceType: 'Transient', bounceSubType: 'General' };
  const subType: Readonly<Record<string, BounceType['bounceSubType']>> = {
    '1.1': 'NoEmail',
    '2.2': 'MailboxFull',
    '2.3': 'MessageTooLarge',
    '3.4': 'MessageTooLarge',
    '6.0': 'ContentRejected',
    '7.1': 'ContentRejected',
  };
  return { bounceType: 'Permanent', bounceSubType: subType[dsn.slice(2)] ?? 'General' };
}

function portions(recipients: readonly BouncedRecipient[]): readonly (readonly BouncedRecipient[])[] {
  const cut: BouncedRecipient[][] = [[]];
  let octets = 0;
  for (const recipient of recipients) {
    const size = Buffer.byteLength(JSON.stringify(recipient));
    if (octets > 0 && octets + size > eventOctets) {
      cut.push([]);
      octets = 0;
    }
    cut.at(-1)?.push(recipient);
    octets += size;
  }
  return cut;
}
