/**
 * Who receives a report (after Postfix's bounce(8); postfix notify_classes).
 *
 *   event           the mail's sender      receiver of the report          from           recipients       returned
 *   failure         an address             the sender                      <>             unless NOTIFY    whole, or header
 *                                                                                         says otherwise   (RET, size)
 *                                          and, class bounce,
 *                                          bounce_notice_recipient         double-bounce  all              header
 *   failure         <>, or it is a report  class 2bounce or bounce:
 *                                          2bounce_notice_recipient        double-bounce  all              whole
 *   failure         double_bounce_sender   none
 *   delay           an address             the sender                      <>             as the event     header
 *                                          and, class delay,
 *                                          delay_notice_recipient          double-bounce  says             header
 *   success         an address             the sender                      <>             as the event     header, or whole
 *                                                                                         says             (RET)
 *
 * Of mail in which Amazon SES found spam or a virus only the header is returned, in each case.
 *
 * The postmaster's copy does not depend on whether the sender gets a report. With bounce_report_requires_spf, a sender
 * gets a report only if SPF passed: otherwise the address may be forged.
 */

import { isDoubleBounce, ownAddress } from '../parameters/own-address.ts';
import type { Parameters } from '../parameters/parameters.ts';
import type { ReportRecipient, ReportSubject } from './subject.ts';

/** Parameters that name the receivers. */
export type AddresseeParameters = Pick<
  Parameters,
  | 'myhostname'
  | 'notify_classes'
  | 'bounce_notice_recipient'
  | '2bounce_notice_recipient'
  | 'delay_notice_recipient'
  | 'double_bounce_sender'
  | 'bounce_report_requires_spf'
>;

/** A receiver of a report. */
export interface Addressee {
  /** Distinguishes the mails of one report. */
  readonly role: 'sender' | 'bounce' | '2bounce' | 'delay';
  readonly address: string;
  readonly isForPostmaster: boolean;
  /** Envelope sender; "" is the null sender. */
  readonly envelopeSender: string;
  readonly recipients: readonly ReportRecipient[];
  /** `full`: unless the message is too large. */
  readonly returns: 'full' | 'headers';
}

/** The receivers, and the reasons why others get no report. */
export interface Addressees {
  readonly addressees: readonly Addressee[];
  readonly reasons: readonly string[];
}

/**
 * Returns the receivers of a report.
 *
 * @param isReport the mail is itself a report, with any envelope sender
 */
export function addresseesOf(subject: ReportSubject, parameters: AddresseeParameters, isReport: boolean): Addressees {
  if (isDoubleBounce(subject.sender, parameters)) {
    return {
      addressees: [],
      reasons: ['its sender is double_bounce_sender, so the postmaster has been notified before'],
    };
  }
  const doubleBounce = ownAddress(parameters.double_bounce_sender, parameters);
  const copies = copiesOf(subject, parameters, doubleBounce, subject.sender === '' || isReport);
  if (subject.sender === '') return { addressees: copies, reasons: ['its sender is the null sender'] };
  if (isReport) return { addressees: copies, reasons: ['it is a report itself'] };
  const recipients = subject.recipients.filter((recipient) => wants(recipient, subject));
  if (recipients.length === 0)
    return { addressees: copies, reasons: ['no recipient requests a report to the sender (NOTIFY)'] };
  if (parameters.bounce_report_requires_spf && subject.authentication['spf']?.toUpperCase() !== 'PASS') {
    return { addressees: copies, reasons: ['SPF did not pass, and bounce_report_requires_spf=yes'] };
  }
  const isWhole = subject.kind !== 'delay' && (subject.ret ?? usualReturn(subject)) === 'FULL' && !isUnsafe(subject);
  const returns = isWhole ? 'full' : 'headers';
  const { sender: address } = subject;
  const sender = { role: 'sender', address, isForPostmaster: false, envelopeSender: '', recipients, returns } as const;
  return { addressees: [sender, ...copies], reasons: [] };
}

/** RFC 3461 section 4.3: without RET the agent may choose. A report of success only needs the header. */
function usualReturn({ kind }: ReportSubject): 'FULL' | 'HDRS' {
  return kind === 'success' ? 'HDRS' : 'FULL';
}

/**
 * Events of delay and success name only recipients that want them. Failure events name all, because postmasters get a
 * copy.
 */
function wants({ notify }: ReportRecipient, { kind }: ReportSubject): boolean {
  return kind !== 'bounce' || notify === undefined || notify.includes('FAILURE');
}

/** Whether Amazon SES found spam or a virus: a report must not spread it. */
function isUnsafe({ authentication }: ReportSubject): boolean {
  return ['spam', 'virus'].some((check) => authentication[check]?.toUpperCase() === 'FAIL');
}

function copiesOf(
  subject: ReportSubject,
  parameters: AddresseeParameters,
  envelopeSender: string,
  isDouble: boolean,
): readonly Addressee[] {
  const { kind, recipients } = subject;
  const classes: ReadonlySet<string> = new Set(parameters.notify_classes);
  const copy = (role: Exclude<Addressee['role'], 'sender'>, returns: Addressee['returns']): Addressee => {
    const address = ownAddress(parameters[`${role}_notice_recipient`], parameters);
    return { role, address, isForPostmaster: true, envelopeSender, recipients, returns };
  };
  if (kind === 'success') return [];
  if (kind === 'delay') return classes.has('delay') && !isDouble ? [copy('delay', 'headers')] : [];
  if (isDouble)
    return classes.has('2bounce') || classes.has('bounce')
      ? [copy('2bounce', isUnsafe(subject) ? 'headers' : 'full')]
      : [];
  return classes.has('bounce') ? [copy('bounce', 'headers')] : [];
}
