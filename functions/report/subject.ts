/**
 * The content of a report: the events of one request and pass, combined.
 */

import { type ReportableEvent, type ReportedRecipient, type ReportKind, reportKindOf } from '../queue/items/event.ts';
import type { PinnedMessage } from '../queue/items/item.ts';

/** A recipient in a report. */
export interface ReportRecipient extends ReportedRecipient {
  /** RFC 3464 section 2.3.3. */
  readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed';
  /** Enhanced status. */
  readonly status: string;
  /** `smtp; ` and the server's reply, or `X-Postfix; ` and the agent's text. */
  readonly diagnosticCode: string;
}

/** What a report is about. */
export interface ReportSubject {
  readonly kind: ReportKind;
  /** Queue id. */
  readonly id: string;
  readonly sender: string;
  /** Next-hop of the first of its deliveries. */
  readonly destination: string;
  /** Milliseconds since 1970. */
  readonly arrival: number;
  /** As in events: `dns; host`. */
  readonly reportingMta: string;
  readonly recipients: readonly ReportRecipient[];
  readonly message: PinnedMessage;
  readonly smtputf8: boolean;
  readonly ret?: 'FULL' | 'HDRS';
  readonly envid?: string;
  readonly authentication: Readonly<Record<string, string>>;
  /** For delays: when delivery will be given up, milliseconds since 1970. */
  readonly willRetryUntil?: number;
  /** Amazon SES's id of a mail that SES received. */
  readonly sesMessageId?: string;
}

/** Combines the events of a group, at least one, in an order independent of theirs. */
export function subjectOf(events: readonly ReportableEvent[]): ReportSubject {
  const [first, ...others] = events.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  if (first === undefined) throw new TypeError('a report needs at least one event');
  const { mail, lmtp } = first;
  const { dsn = {} } = lmtp;
  const expirations = events.flatMap((event) =>
    event.eventType === 'DeliveryDelay' ? [Date.parse(event.deliveryDelay.expirationTime)] : [],
  );
  return {
    kind: reportKindOf(first),
    id: lmtp.id,
    sender: mail.source,
    destination: lmtp.destination,
    arrival: Date.parse(mail.timestamp),
    reportingMta: reportingMtaOf(first),
    recipients: [first, ...others].flatMap(reportRecipients),
    message: lmtp.message,
    smtputf8: lmtp.smtputf8 === true,
    ...dsn,
    authentication: lmtp.authentication ?? {},
    ...(expirations.length === 0 ? {} : { willRetryUntil: Math.max(...expirations) }),
    ...(lmtp.sesMessageId === undefined ? {} : { sesMessageId: lmtp.sesMessageId }),
  };
}

function orderOf({ lmtp }: ReportableEvent): string {
  return `${lmtp.delivery} ${String(lmtp.attempt).padStart(9, '0')} ${String(lmtp.part).padStart(9, '0')} ${lmtp.eventId}`;
}

function reportingMtaOf(event: ReportableEvent): string {
  if (event.eventType === 'DeliveryDelay') return event.deliveryDelay.reportingMTA;
  return event.notificationType === 'Bounce' ? event.bounce.reportingMTA : event.delivery.reportingMTA;
}

/** SES's list and `lmtp.recipients` have the same recipients in the same order. */
function reportRecipients(event: ReportableEvent): readonly ReportRecipient[] {
  const { recipients } = event.lmtp;
  if (event.eventType === 'DeliveryDelay') {
    const listed = event.deliveryDelay.delayedRecipients;
    return recipients.map((recipient, n) => ({ ...recipient, action: 'delayed', ...wordsOf(listed[n]) }));
  }
  if (event.notificationType === 'Bounce') {
    const listed = event.bounce.bouncedRecipients;
    return recipients.map((recipient, n) => ({ ...recipient, action: 'failed', ...wordsOf(listed[n]) }));
  }
  const { action } = event.delivery;
  return recipients.map((recipient) => ({
    ...recipient,
    action,
    status: recipient.status ?? '2.0.0',
    diagnosticCode: `${recipient.remoteMta === undefined ? 'X-Postfix' : 'smtp'}; ${recipient.text ?? ''}`,
  }));
}

/**
 * Why a body cannot be read is for operators, who find it in the log, the queue and the event. It names buckets and
 * rights of the stack, and the sender can do nothing about it.
 */
const forOperators = /(the message (?:body cannot be read|could not be read to its end.*?)): .*$/s;

function wordsOf(entry: { readonly status: string; readonly diagnosticCode: string } | undefined) {
  const { status, diagnosticCode } = entry ?? { status: '5.0.0', diagnosticCode: 'X-Postfix; unknown' };
  return { status, diagnosticCode: diagnosticCode.replace(forOperators, '$1') };
}
