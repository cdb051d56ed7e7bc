/**
 * Sends mail of the stack through Amazon SES. Mail that SES received less than a day ago is answered by SendBounce.
 * Otherwise a raw message is sent from an address that SES has verified.
 *
 * SES does not recognise duplicates. Its feedback on a report that bounces goes to the author's address and is itself a
 * report, so this stack sends no answer to it.
 */

import { domainToASCII } from 'node:url';
import { type SESClient, SESServiceException, SendBounceCommand, SendRawEmailCommand } from '@aws-sdk/client-ses';
import type { OutgoingMail, SesOutlet } from '../report/ports.ts';
import type { ReportRecipient, ReportSubject } from '../report/subject.ts';
import { asciiLine } from '../report/text.ts';
import { isAscii, quoteAddress, splitAddress } from '../smtp/path.ts';
import type { Clock } from '../time/clock.ts';
import { errorKind, isTemporary } from './explained-errors.ts';

/** The sender of mails. */
export interface SesSender {
  /** An address that SES has verified. */
  readonly author: string;
}

/** Milliseconds for which SendBounce accepts a mail: 24 hours, minus a margin for different clocks. */
const bounceWindow = 23 * 3_600_000;
/** Characters of a reply that are passed to SES. */
const diagnosticLength = 500;
const explanation =
  'Your message did not reach all its recipients. This report names the others, and the reason for each.';

/** The outlet over SES. The client is made at the first use. */
export class RawSesOutlet implements SesOutlet {
  readonly #client: () => SESClient;
  readonly #sender: SesSender;
  readonly #clock: Clock;

  constructor(client: () => SESClient, sender: SesSender, clock: Clock) {
    this.#client = client;
    this.#sender = sender;
    this.#clock = clock;
  }

  async bounce(subject: ReportSubject, recipients: readonly ReportRecipient[]): Promise<boolean> {
    const { kind, sesMessageId, arrival, reportingMta } = subject;
    const isTooLate = this.#clock.now().wall - arrival > bounceWindow;
    if (kind !== 'bounce' || sesMessageId === undefined || isTooLate) return false;
    if (!recipients.every(({ address }) => isAscii(address))) return false;
    // SES's text says that the message was not delivered, which is unknown for a recipient in doubt.
    if (recipients.some(({ inDoubt }) => inDoubt === true)) return false;
    try {
      await this.#client().send(
        new SendBounceCommand({
          OriginalMessageId: sesMessageId,
          BounceSender: this.#sender.author,
          Explanation: explanation,
          MessageDsn: { ReportingMta: asciiLine(reportingMta), ArrivalDate: new Date(arrival) },
          BouncedRecipientInfoList: recipients.map(bouncedRecipient),
        }),
      );
      return true;
    } catch (error) {
      // SES refuses a bounce for this mail; then the stack sends its own report.
      if (error instanceof SESServiceException && isFinal(error)) return false;
      throw error;
    }
  }

  async send({ content, recipient }: OutgoingMail): Promise<void> {
    await this.#client().send(
      new SendRawEmailCommand({
        Source: this.#sender.author,
        Destinations: [asciiDomain(recipient)],
        RawMessage: { Data: content },
      }),
    );
  }
}

/** Whether the same call would be refused again. Credentials are renewed. */
function isFinal(error: SESServiceException): boolean {
  const kind = errorKind(error);
  return kind !== undefined && kind !== 'expired' && !isTemporary(kind);
}

function bouncedRecipient({ address, action, status, remoteMta, diagnosticCode }: ReportRecipient) {
  return {
    Recipient: quoteAddress(address),
    RecipientDsnFields: {
      Action: action === 'delayed' ? ('delayed' as const) : ('failed' as const),
      Status: status,
      DiagnosticCode: asciiLine(diagnosticCode).slice(0, diagnosticLength),
      ...(remoteMta === undefined ? {} : { RemoteMta: `dns; ${asciiLine(remoteMta)}` }),
    },
  };
}

/** Returns an address with its domain in ASCII (xn--...), as SES requires. */
function asciiDomain(address: string): string {
  const { localPart, domain } = splitAddress(quoteAddress(address));
  return `${localPart}@${domainToASCII(domain) || domain}`;
}
