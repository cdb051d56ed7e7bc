/**
 * Reads stored events: pending in an item, or kept for a report.
 */

import type { BounceEvent, DelayEvent, EventFrame, EventKind, QueueEvent, RejectEvent, SuccessEvent } from './event.ts';
import {
  count,
  type Form,
  FormError,
  flag,
  list,
  mapOf,
  name,
  nothing,
  number,
  object,
  oneOf,
  optional,
  parse,
  text,
} from './form.ts';
import { messageForm, notifyForm } from './parse-parts.ts';

type Part<Name extends keyof Event, Event> = NonNullable<Event[Name]>;
type Lmtp = EventFrame['lmtp'];

const frameForm = object<EventFrame>({
  mail: object<EventFrame['mail']>({ timestamp: text, source: text, messageId: text, destination: list(text) }),
  lmtp: object<Lmtp>({
    version: optional(number),
    eventId: name,
    kind: oneOf('bounce', 'delay', 'success', 'reject'),
    id: name,
    delivery: name,
    transport: text,
    destination: text,
    attempt: count,
    deliveries: count,
    part: count,
    parts: count,
    recipients: list(
      object<Lmtp['recipients'][number]>({
        address: text,
        original: optional(text),
        orcpt: optional(text),
        notify: optional(notifyForm),
        remoteMta: optional(text),
        inDoubt: optional(oneOf(true)),
        status: optional(text),
        text: optional(text),
      }),
    ),
    message: messageForm,
    smtputf8: optional(flag),
    dsn: optional(object<NonNullable<Lmtp['dsn']>>({ ret: optional(oneOf('FULL', 'HDRS')), envid: optional(text) })),
    authentication: optional(mapOf(text)),
    sesMessageId: optional(text),
  }),
});

const bounceForm = object<Omit<BounceEvent, keyof EventFrame>>({
  notificationType: oneOf('Bounce'),
  eventType: optional(nothing),
  bounce: object<Part<'bounce', BounceEvent>>({
    bounceType: oneOf('Permanent', 'Transient'),
    bounceSubType: oneOf('General', 'MailboxFull', 'MessageTooLarge', 'ContentRejected'),
    bouncedRecipients: list(
      object<BounceEvent['bounce']['bouncedRecipients'][number]>({
        emailAddress: text,
        action: oneOf('failed'),
        status: text,
        diagnosticCode: text,
      }),
    ),
    timestamp: text,
    feedbackId: text,
    reportingMTA: text,
  }),
});

const delayForm = object<Omit<DelayEvent, keyof EventFrame>>({
  eventType: oneOf('DeliveryDelay'),
  notificationType: optional(nothing),
  deliveryDelay: object<Part<'deliveryDelay', DelayEvent>>({
    delayType: oneOf(
      'General',
      'InternalFailure',
      'IPFailure',
      'MailboxFull',
      'RecipientServerError',
      'TransientCommunicationFailure',
      'Undetermined',
    ),
    delayedRecipients: list(
      object<DelayEvent['deliveryDelay']['delayedRecipients'][number]>({
        emailAddress: text,
        status: text,
        diagnosticCode: text,
      }),
    ),
    expirationTime: text,
    timestamp: text,
    reportingMTA: text,
  }),
});

const successForm = object<Omit<SuccessEvent, keyof EventFrame>>({
  notificationType: oneOf('Delivery'),
  eventType: optional(nothing),
  delivery: object<Part<'delivery', SuccessEvent>>({
    timestamp: text,
    processingTimeMillis: number,
    recipients: list(text),
    smtpResponse: text,
    reportingMTA: text,
    action: oneOf('delivered', 'relayed'),
  }),
});

const rejectForm = object<Omit<RejectEvent, keyof EventFrame>>({
  eventType: oneOf('Reject'),
  notificationType: optional(nothing),
  reject: object<Part<'reject', RejectEvent>>({ reason: oneOf('Bad content'), timestamp: text, reportingMTA: text }),
});

const kindForms: Readonly<Record<EventKind, Form<object>>> = {
  bounce: bounceForm,
  delay: delayForm,
  success: successForm,
  reject: rejectForm,
};

/** An event. */
export const eventForm: Form<QueueEvent> = (value, flaw): value is QueueEvent =>
  frameForm(value, flaw) && kindForms[value.lmtp.kind](value, flaw);

/**
 * Reads an event that is stored as JSON.
 *
 * @param what names it, for the error
 * @throws FormError naming the field that is wrong
 */
export function parseEvent(json: string, what: string): QueueEvent {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new FormError(`${what}: event: is not JSON`, { cause });
  }
  return parse(eventForm, value, what);
}
