/**
 * The part of a report for programs: message/delivery-status (RFC 3464), or message/global-delivery-status (RFC 6533).
 * Field names and their order are Postfix's (bounce_notify_util.c).
 */

import type { ReportRecipient, ReportSubject } from './subject.ts';
import { asciiLine, field, mailDate, oneLine } from './text.ts';
import { typedAddress, typedOriginal } from './typed-address.ts';

/** The format of the part. */
export interface StatusStyle {
  /** UTF-8 is allowed: the type is message/global-delivery-status. */
  readonly isInternational: boolean;
  /** mail_name */
  readonly mailName: string;
}

/** Returns the part, with CRLF line ends. */
export function statusPart(subject: ReportSubject, recipients: readonly ReportRecipient[], style: StatusStyle): string {
  return [messageFields(subject, style), ...recipients.map((each) => recipientFields(each, subject, style))].join(
    '\r\n',
  );
}

function messageFields({ id, sender, arrival, reportingMta, envid }: ReportSubject, style: StatusStyle): string {
  const { isInternational, mailName } = style;
  return [
    field('Reporting-MTA', asciiLine(reportingMta)),
    // ENVID is returned unchanged, so that the sender recognises it (RFC 3464 section 2.2.1).
    envid === undefined ? '' : field('Original-Envelope-Id', clean(envid, isInternational)),
    field(`X-${mailName}-Queue-ID`, asciiLine(id)),
    sender === '' ? '' : field(`X-${mailName}-Sender`, typedAddress(sender, isInternational)),
    field('Arrival-Date', mailDate(arrival)),
  ].join('');
}

function recipientFields(recipient: ReportRecipient, { willRetryUntil }: ReportSubject, style: StatusStyle): string {
  const { isInternational } = style;
  const { address, action, status, remoteMta, diagnosticCode } = recipient;
  return [
    field('Final-Recipient', typedAddress(address, isInternational)),
    field('Original-Recipient', originalRecipient(recipient, isInternational)),
    field('Action', action),
    field('Status', asciiLine(status)),
    remoteMta === undefined ? '' : field('Remote-MTA', `dns; ${asciiLine(remoteMta)}`),
    field('Diagnostic-Code', clean(diagnosticCode, isInternational)),
    willRetryUntil === undefined ? '' : field('Will-Retry-Until', mailDate(willRetryUntil)),
  ].join('');
}

/** Postfix always writes this field: ORCPT, else the address before rewriting, else the address. */
function originalRecipient({ address, original, orcpt }: ReportRecipient, isInternational: boolean): string {
  if (orcpt !== undefined) return typedOriginal(orcpt, isInternational);
  return typedAddress(original ?? address, isInternational);
}

function clean(text: string, isInternational: boolean): string {
  return isInternational ? oneLine(text) : asciiLine(text);
}
