/**
 * Mail of our own, through Amazon SES: its SendBounce for mail that SES received less than a day ago, else a raw message from
 * an address that SES has verified.
 *
 * SES does not know a copy for one: what is sent twice arrives twice. Its feedback on a report that bounces goes to whoever
 * the author's address belongs to, and is a report itself, so nothing of ours answers it.
 */

import { domainToASCII } from 'node:url';
import { type SESClient, SESServiceException, SendBounceCommand, SendRawEmailCommand } from '@aws-sdk/client-ses';
import type { Parcel, SesOutlet } from '../report/ports.ts';
import type { ReportRecipient, ReportSubject } from '../report/subject.ts';
import { asciiLine } from '../report/text.ts';
import { isAscii, quoteAddress, splitAddress } from '../smtp/path.ts';
import type { Clock } from '../time/clock.ts';

/** Who sends, and under which configuration set. */
export interface SesSender {
  /** An address that SES has verified. */
  readonly author: string;
}

/** Milliseconds that SendBounce takes a mail for: SES says 24 hours, and its clock is not ours. */
const bounceWindow = 23 * 3_600_000;
/** Characters of a reply that SES is told. */
const diagnosticLength = 500;
const explanation =
  'Your message did not reach everybody you sent it to. Whom it did not reach, and why, is told in this report.';

/** Errors by which SES asks for patience, and says nothing about the mail. */
const passing = new Set(['Throttling', 'ThrottlingException', 'TooManyRequestsException', 'RequestTimeout']);

/** The way over SES. The client is made when it is needed first. */
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
    // SES's own words say that the message was not delivered; of a recipient in doubt that is not known.
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
      // It makes no bounce for this mail, for whatever reason: then a message of ours tells it.
      const isFinal = error instanceof SESServiceException && error.$fault === 'client' && !passing.has(error.name);
      if (isFinal) return false;
      throw error;
    }
  }

  async send({ content, recipient }: Parcel): Promise<void> {
    await this.#client().send(
      new SendRawEmailCommand({
        Source: this.#sender.author,
        Destinations: [asciiDomain(recipient)],
        RawMessage: { Data: content },
      }),
    );
  }
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

/** SES wants domains in ASCII (xn--...). */
function asciiDomain(address: string): string {
  const { localPart, domain } = splitAddress(quoteAddress(address));
  return `${localPart}@${domainToASCII(domain) || domain}`;
}
