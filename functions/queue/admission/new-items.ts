/**
 * Makes the items of a request: one for each delivery, and those for refused recipients.
 */

import type { Submission } from '../../incoming/reading.ts';
import { hashOf } from '../../request/hash.ts';
import { arrivalTolerance, type DeliveryRequest } from '../../request/request.ts';
import { parseOtherTransport } from '../../request/route.ts';
import { bounceEvents } from '../disposition/bounce-event.ts';
import type { DeliveryItem, LastVerdict, PinnedMessage, QueuedRecipient } from '../items/item.ts';
import { cutChunks, messageGroup, type Plan, type PlannedDelivery } from '../items/plan.ts';
import { activeGrace, pendingGrace } from '../items/policy.ts';
import { schemaVersion } from '../items/schema-version.ts';
import { type Services, wallTime } from '../writes/services.ts';
import { decideBySes, heldBySes, type SesDecision, verdictBySes, withRejects } from './ses-verdicts.ts';

/** What items are made from. */
export interface NewItemParts {
  readonly submission: Submission;
  readonly plan: Plan;
  readonly message: PinnedMessage;
  /** The number of the first item. */
  readonly first: number;
}

/** Returns the items of a request. There is at least one, so that each request is found by its id. */
export function makeItems(
  { submission, plan, message, first }: NewItemParts,
  services: Services,
): readonly DeliveryItem[] {
  const { identity, request, sent } = submission;
  const { id } = identity;
  const now = wallTime(services);
  const decision = decideBySes(submission, services.parameters);
  const verdict = verdictBySes(decision, now);
  const planned: readonly PlannedDelivery[] = [
    ...plan.deliveries.map((delivery) => withVerdict(markHandedOn(delivery, now), verdict)),
    ...refusals(plan, decision, now),
  ];
  const shared = {
    version: schemaVersion,
    id,
    generation: 1,
    requestHash: hashOf(identity.value),
    planHash: hashOf(plan),
    deliveries: planned.length,
    // If the producer's clock is ahead, the message must not seem younger than it is.
    arrival: Math.min(request.arrival ?? sent, now + arrivalTolerance),
    activated: now,
    sender: request.sender,
    message,
    attempt: 0,
    pending: {},
    ...copyPresent(request),
  };
  return planned.map(({ destination, recipients }, index) => {
    const delivery = String(first + index).padStart(4, '0');
    const slots = services.parameters.lmtp_destination_concurrency_limit;
    // Refused at admission, discarded, or handed to another transport.
    const isDone = recipients.some(({ last }) => last !== undefined);
    const item: DeliveryItem = {
      ...shared,
      state: isDone ? 'done' : 'active',
      by: crypto.randomUUID(),
      due: now + (isDone ? pendingGrace : activeGrace),
      delivery,
      destination,
      group: messageGroup(services.transport, destination, `${id}/${delivery}`, slots),
      recipients,
    };
    const held = heldBySes(item, decision, now, services.parameters);
    return isDone ? withRejects(withBounces(held, services), services) : held;
  });
}

function copyPresent({ body, smtputf8, dsn, authentication, sesMessageId }: DeliveryRequest) {
  return {
    ...(body === undefined ? {} : { body }),
    ...(smtputf8 === undefined ? {} : { smtputf8 }),
    ...(dsn === undefined ? {} : { dsn }),
    ...(authentication === undefined ? {} : { authentication }),
    ...(sesMessageId === undefined ? {} : { sesMessageId }),
  };
}

/** Marks the recipients of a delivery as sent if another transport delivers it. */
function markHandedOn(delivery: PlannedDelivery, at: number): PlannedDelivery {
  const other = parseOtherTransport(delivery.destination);
  if (other === undefined) return delivery;
  const text = `handed on to the transport ${other.transport}`;
  const last = { status: 'sent', dsn: '2.0.0', text, at, attempt: 0 } as const;
  return { ...delivery, recipients: delivery.recipients.map((recipient) => ({ ...recipient, last })) };
}

/** Gives the recipients of a delivery a verdict, unless another transport delivers it, and decides. */
function withVerdict(delivery: PlannedDelivery, last: LastVerdict | undefined): PlannedDelivery {
  if (last === undefined || delivery.recipients.some((recipient) => recipient.last !== undefined)) return delivery;
  return { ...delivery, recipients: delivery.recipients.map((recipient) => ({ ...recipient, last })) };
}

/**
 * Bounces recipients with an unusable address; the other recipients of the request are delivered to. The sender of mail
 * that is held or discarded for a verdict of Amazon SES is not told, because it may be forged.
 */
function refusals({ refused }: Plan, decision: SesDecision | undefined, now: number): readonly PlannedDelivery[] {
  const isUntold = decision?.action === 'hold' || decision?.action === 'discard';
  const bounced = refused.map(({ fault, ...recipient }): QueuedRecipient => {
    const text = `bad recipient address syntax: the address ${fault}`;
    const last = { status: 'bounced', dsn: '5.1.3', text, at: now, attempt: 0 } as const;
    return { ...recipient, ...(isUntold ? { notify: ['NEVER'] } : {}), last };
  });
  return cutChunks(bounced, 0).map((recipients) => ({ destination: '', recipients }));
}

function withBounces(item: DeliveryItem, services: Services): DeliveryItem {
  const failed = item.recipients.flatMap((recipient) =>
    recipient.last?.status === 'bounced' ? [{ recipient, verdict: recipient.last }] : [],
  );
  const facts = { reportingMta: services.parameters.myhostname, transport: services.transport };
  const events = bounceEvents(failed, { item, attempt: 0, now: item.activated, ...facts });
  return { ...item, pending: Object.fromEntries(events.map((event) => [event.lmtp.eventId, event])) };
}
